using System.Text;
using OpposingSignals.Runs.Signals;

namespace OpposingSignals.Runs.Report;

/// <summary>What the signal of a pair is: pictures, labels, outputs, layers, channels, phrases.</summary>
internal static class SignalSection
{
    private const int ShownLayers = 6;
    private const int ShownOutputs = 3;
    private const double LeastShare = 0.005;

    public static string Render(ReportModel model, ReportPair pair)
    {
        string top = $"the top eigenvector{ReportFindings.OfMatrix(model)}";
        string pictures = Pictures(pair, top), tables = pair.Signal is { } signal ? Tables(pair, signal, top) : "";
        return pictures.Length + tables.Length == 0 ? "" : $"<h4>What the signal is</h4>\n{pictures}{tables}";
    }

    private static string Pictures(ReportPair pair, string top)
    {
        (ReadOnlyMemory<byte> Png, string Caption)[] figures =
        [
            (pair.UpMeanPng, $"mean of {pair.UpName}"),
            (pair.DownMeanPng, $"mean of {pair.DownName}"),
            (pair.DifferencePng, $"{pair.UpName} minus {pair.DownName}: what divides the camps"),
            (pair.SharedPng, "both camps minus all samples: what they share"),
            (pair.DirectionPng, $"the change of a picture that moves the pair's output most along {top}"),
        ];
        var html = new StringBuilder();
        foreach ((ReadOnlyMemory<byte> png, string caption) in figures.Where(figure => !figure.Png.IsEmpty))
        {
            string text = Markup.Escape(caption);
            html.Append($"<figure class=\"sample\"><img alt=\"{text}\" src=\"data:image/png;base64,");
            html.Append($"{Convert.ToBase64String(png.Span)}\"/><figcaption>{text}</figcaption></figure>\n");
        }

        return html.Length == 0 ? "" : $"<div class=\"sheet wide\">\n{html}</div>\n";
    }

    private static string Tables(ReportPair pair, SignalRecord signal, string top)
    {
        var html = new StringBuilder();
        if (signal.Classes.Count > 0)
        {
            html.Append($"<table class=\"numbers\">\n<caption>Labels of the two camps</caption>\n<thead><tr><th></th>");
            html.Append($"<th>{Markup.Escape(pair.UpName)}</th><th>{Markup.Escape(pair.DownName)}</th></tr></thead>\n<tbody>\n");
            foreach (ClassCount count in signal.Classes)
            {
                html.Append($"<tr><th>{Markup.Escape(count.Name)}</th><td>{count.Up}</td><td>{count.Down}</td></tr>\n");
            }

            html.Append("</tbody>\n</table>\n");
        }

        html.Append(Sentence($"Along {top} the members' outputs move together", Outputs(signal)));
        html.Append(Sentence("The pair's curvature lies in", Layers(signal)));
        html.Append(Sentence("Channels before the last layer that tell the pair from all other samples", Channels(
            signal.SharedChannels)));
        html.Append(Sentence("Channels that tell one camp from the other", Channels(signal.DividingChannels)));
        html.Append(Sentence($"Text that is frequent in {pair.UpName}", Phrases(signal.UpPhrases)));
        html.Append(Sentence($"Text that is frequent in {pair.DownName}", Phrases(signal.DownPhrases)));
        return html.ToString();
    }

    private static string Sentence(string beginning, string rest) =>
        rest.Length == 0 ? "" : Markup.Paragraph($"{beginning}: {rest}.");

    private static string Outputs(SignalRecord signal) => string.Join(
        ", ", signal.Outputs.Take(ShownOutputs).Select(output => $"{output.Name} {Signed(output.Weight)}"));

    private static string Layers(SignalRecord signal) => string.Join(
        ", ", signal.CurvatureShares.OrderByDescending(layer => Math.Abs(layer.Share))
            .Where(layer => Math.Abs(layer.Share) >= LeastShare).Take(ShownLayers)
            .Select(layer => $"{layer.Name} {Numbers.Percent(layer.Share)}"));

    private static string Channels(IReadOnlyList<ChannelRecord> channels) => string.Join(
        ", ", channels.Select(channel => $"{channel.Channel} (correlation {Signed(channel.Correlation)})"));

    private static string Phrases(IReadOnlyList<PhraseRecord> phrases) => string.Join(
        ", ", phrases.Select(phrase =>
            $"“{phrase.Text.Replace("\n", "⏎", StringComparison.Ordinal)}” ({Numbers.Percent(phrase.Members)}, elsewhere {Numbers.Percent(phrase.Others)})"));

    private static string Signed(double value) => (value > 0 ? "+" : "") + Numbers.Format(value, 2);
}
