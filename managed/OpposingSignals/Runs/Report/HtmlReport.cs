using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>
/// The report of a run as one HTML file that needs no network, no server and, but for read-outs, no script.
/// </summary>
public static class HtmlReport
{
    /// <summary>The page; also well-formed XML.</summary>
    public static string Render(ReportModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Page(
            model.Title,
            SummarySection.Render(model) + CurvatureSection.Render(model)
                + PairSection.Render(model) + SpikeSection.Render(model) +
            MoverSection.Render(model) + ProbeSection.Render(model)
                + DumpSection.Render(model) + MovementSection.Render(model) +
            SpectrumSection.Render(model) + SettingsSection.Render(model));
    }

    /// <summary>A page of this look around a body.</summary>
    internal static string Page(string title, string body)
    {
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");

        // The browser itself enforces that nothing is loaded from anywhere.
        html.Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; ");
        html.Append("style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n");
        html.Append(
            $"<title>{Markup.Escape(title)}</title>\n<style>\n{ReportStyle.Sheet}\n</style>\n</head>\n<body>\n{body}");
        return html.Append($"<script>\n{ReportScript.Source}\n</script>\n</body>\n</html>\n").ToString();
    }

    /// <summary>
    /// Writes the page; a file of that name is replaced in one step, so that no reader sees half a page.
    /// </summary>
    public static void Write(string path, ReportModel model)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.WriteText(path, Render(model));
    }
}
