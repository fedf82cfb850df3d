using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The samples of a camp in a grid, each with label, prediction and score.</summary>
internal static class ContactSheet
{
    private const int Shown = 24;

    public static string Render(string name, string style, ReportCamp camp)
    {
        var html =
            new StringBuilder($"<div class=\"camp\">\n<h4 class=\"key {style}\"><i></i>{Markup.Escape(name)}</h4>\n");
        html.Append(Markup.Paragraph(Contents(camp), "contents")).Append("<div class=\"sheet\">\n");
        foreach (ReportSample sample in camp.Samples.Take(Shown))
        {
            Append(html, sample);
        }

        return html.Append("</div>\n</div>\n").ToString();
    }

    private static string Contents(ReportCamp camp)
    {
        int count = camp.Samples.Length;
        var text = new StringBuilder($"{Numbers.Count(count)} {(count == 1 ? "sample" : "samples")}");
        IGrouping<string, ReportSample>? largest = camp.Samples.Where(s => s.Label is not null)
            .GroupBy(s => s.Label!).OrderByDescending(g => g.Count()).FirstOrDefault();
        if (largest is not null)
        {
            text.Append($", most often labelled {largest.Key} ({Numbers.Count(largest.Count())})");
        }

        int predicted = camp.Samples.Count(s => s.Prediction is not null && s.Label is not null);
        if (predicted > 0)
        {
            text.Append($"; {Numbers.Count(camp.Samples.Count(IsWrong))} predicted wrongly");
        }

        return text.Append(count > Shown ? $". The {Shown} strongest:" : ".").ToString();
    }

    private static void Append(StringBuilder html, ReportSample sample)
    {
        html.Append("<figure class=\"sample\">");
        string name = $"sample {Numbers.Count(sample.Index)}";
        if (!sample.ThumbnailPng.IsEmpty)
        {
            string data = Convert.ToBase64String(sample.ThumbnailPng.Span);
            html.Append($"<img alt=\"{name}\" title=\"{name}\" src=\"data:image/png;base64,{data}\"/>");
        }
        else
        {
            html.Append($"<div class=\"excerpt\" title=\"{name}\">{Markup.Escape(sample.Excerpt ?? name)}</div>");
        }

        html.Append("<figcaption>");
        if (sample.Label is not null)
        {
            html.Append($"<b>{Markup.Escape(sample.Label)}</b>");
        }

        if (sample.Prediction is not null)
        {
            string style = IsWrong(sample) ? "wrong" : "right";
            html.Append($"<span class=\"{style}\">→ {Markup.Escape(sample.Prediction)}</span>");
        }

        if (sample.Probability is not null)
        {
            html.Append($"<span>{Numbers.Percent(sample.Probability)} sure</span>");
        }

        if (sample.Score is not null)
        {
            html.Append($"<span>score {Numbers.Format(sample.Score, 2)}</span>");
        }

        html.Append("</figcaption></figure>\n");
    }

    private static bool IsWrong(ReportSample sample) =>
        sample.Label is not null && sample.Prediction is not null && sample.Label != sample.Prediction;
}
