using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>What the network made of inputs that are not data: classes, and the size of their features.</summary>
internal static class ProbeSection
{
    public static string Render(ReportModel model)
    {
        if (model.Probes.IsEmpty)
        {
            return "";
        }

        var html = new StringBuilder("<section>\n<h2>Probes</h2>\n");
        html.Append(Markup.Paragraph(
            "Inputs that hold one feature and nothing else, such as a picture of one colour, put through the network at every step. " +
            "Where the feature is an opposing signal, the probe's features first grow faster than those of the training samples; at " +
            "the edge of stability its classes take turns, and then its features shrink, because their use is being unlearnt."));
        foreach (ReportProbe probe in model.Probes)
        {
            Append(html, model, probe);
        }

        return html.Append("</section>\n").ToString();
    }

    private static void Append(StringBuilder html, ReportModel model, ReportProbe probe)
    {
        string name = Markup.Escape(probe.Name);
        html.Append($"<article>\n<h3>{name}</h3>\n");
        if (!probe.Png.IsEmpty)
        {
            html.Append($"<div class=\"sheet\"><figure class=\"sample\"><img alt=\"the probe {name}\" src=\"data:image/png;base64,");
            html.Append($"{Convert.ToBase64String(probe.Png.Span)}\"/></figure></div>\n");
        }

        html.Append(PlotRenderer.Render(new Plot
        {
            Description = $"Classes and feature norm of the probe {probe.Name} over the training steps",
            Panels =
            [
                new PlotPanel
                {
                    Label = probe.OutputKind,
                    Lines = [.. probe.Outputs.Select((output, i) =>
                        new PlotLine { Name = output.Key, Style = $"e{i + 1}", Series = output.Value })],
                    Height = 180,
                },
                new PlotPanel
                {
                    Label = "norm before the last layer, over the mean of the training samples",
                    Lines = [new PlotLine { Name = "relative norm", Style = "c1", Series = probe.RelativeNorm }],
                    Levels = [new PlotLevel("as large as a training sample's", 1)],
                    Height = 140,
                    NamesLines = false,
                },
                new PlotPanel
                {
                    Label = "norm before the last layer",
                    Lines = [new PlotLine { Name = "norm", Style = "c2", Series = probe.Norm }],
                    Height = 120,
                    NamesLines = false,
                },
            ],
            MarkedStep = ReportFindings.Edge(model),
            MarkName = ReportFindings.EdgeMark(model),
        }));
        AppendLayers(html, probe);
        html.Append("</article>\n");
    }

    private static void AppendLayers(StringBuilder html, ReportProbe probe)
    {
        html.Append(
            "<details><summary>Relative norm by layer</summary>\n<table class=\"numbers\">\n<thead><tr><th>after</th>");
        html.Append("<th>first step</th><th>largest</th><th>at step</th><th>last step</th></tr></thead>\n<tbody>\n");
        foreach (ReportProbeLayer layer in probe.Layers)
        {
            html.Append($"<tr><th>{Markup.Escape(layer.Name)}</th><td>{Numbers.Format(layer.First)}</td>");
            html.Append($"<td>{Numbers.Format(layer.Largest)}</td><td>{Numbers.Count(layer.LargestStep)}</td>");
            html.Append($"<td>{Numbers.Format(layer.Last)}</td></tr>\n");
        }

        html.Append("</tbody>\n</table>\n</details>\n");
    }
}
