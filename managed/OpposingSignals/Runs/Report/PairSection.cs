using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The pairs of opposing groups: their losses in anti-phase, their numbers and their samples.</summary>
internal static class PairSection
{
    private const int ZoomSteps = 60;

    public static string Render(ReportModel model)
    {
        var html = new StringBuilder("<section>\n<h2>Opposing groups</h2>\n");
        if (ReportFindings.Pairs(model).IsEmpty)
        {
            html.Append(Markup.Paragraph(model.Pairs is null
                ? "Opposing groups were not looked for in this run."
                : model.NoPairs));
            return html.Append(Composition(model)).Append("</section>\n").ToString();
        }

        html.Append(Markup.Paragraph(
            "A few samples change their loss far more than the rest, and they come in two camps. Typically they share a strong " +
            "feature that speaks for the label in one camp and against it in the other, such as a blue sky behind aeroplanes " +
            "and behind ships. A step that helps one camp hurts the other, so their losses move in anti-phase while the mean " +
            "loss hardly shows it."));
        foreach (ReportPair pair in ReportFindings.Pairs(model))
        {
            Append(html, model, pair, $"Pair {pair.Name}");
        }

        return html.Append(Composition(model)).Append("</section>\n").ToString();
    }

    private static string Composition(ReportModel model) => model.Composition is { } composition
        ? $"<h3>What carries the {ReportFindings.SharedName(model)}</h3>\n" +
            Markup.Paragraph(composition.Explain(ReportFindings.SharedName(model)))
        : "";

    /// <summary>Everything about one pair.</summary>
    internal static void Append(StringBuilder html, ReportModel model, ReportPair pair, string heading)
    {
        html.Append($"<article>\n<h3>{Markup.Escape(heading)}</h3>\n<dl class=\"tiles small\">\n");
        foreach ((string name, string value) in Figures(model, pair))
        {
            html.Append($"<div><dt>{name}</dt><dd>{value}</dd></div>\n");
        }

        html.Append("</dl>\n").Append(CheckTable.Render(model, pair)).Append(Overview(model, pair)).Append(Zoom(model, pair));
        html.Append(SignalSection.Render(model, pair));
        html.Append("<div class=\"camps\">\n");
        html.Append(ContactSheet.Render(pair.UpName, "up", pair.Up))
            .Append(ContactSheet.Render(pair.DownName, "down", pair.Down));
        html.Append("</div>\n</article>\n");
    }

    private static IEnumerable<(string Name, string Value)> Figures(ReportModel model, ReportPair pair)
    {
        yield return ("opposition of losses", Numbers.Format(pair.Opposition, 2));
        if (pair is { OpposedFrom: { } from, OpposedTo: { } to })
        {
            yield return ("opposed at steps", $"{Numbers.Count(from)} to {Numbers.Count(to)}");
        }

        yield return ($"share of {ReportFindings.SharedName(model)}", Numbers.Percent(pair.SharpnessShare));
        if (pair.Direction is { Number: > 1 } own)
        {
            yield return ($"share of eigenvalue {own.Number}{ReportFindings.OfMatrix(model)}",
                $"{Numbers.Percent(own.Share)} of {Numbers.Format(own.Eigenvalue)}");
        }

        yield return ("cosine of gradients", Numbers.Format(pair.GradientCosine, 2));
        yield return ("share of loss change", Numbers.Percent(pair.ChangeShare));
        yield return ("alternation up, down",
            $"{Numbers.Format(pair.Up.Alternation, 2)}, {Numbers.Format(pair.Down.Alternation, 2)}");
    }

    private static string Overview(ReportModel model, ReportPair pair)
    {
        // One panel per camp: at the width of a whole run an oscillation is a solid band, and one would hide the other.
        PlotPanel Panel(string camp, string style, ReportSeries loss) => new()
        {
            Label = Label("mean loss of " + camp, model),
            Lines = [Line(camp, style, loss), Line("all training samples", "rest", model.TrainLoss)],
            Height = 130,
        };
        string figure = PlotRenderer.Render(new Plot
        {
            Description = $"Mean losses of both camps of pair {pair.Name} over the run",
            Panels =
            [
                Panel(pair.UpName, "up", pair.Up.Loss), Panel(pair.DownName, "down", pair.Down.Loss),
            ],
            MarkedStep = ReportFindings.Edge(model),
            MarkName = ReportFindings.EdgeMark(model),
        });
        return $"<h4>Over the whole run</h4>\n{figure}";
    }

    private static string Zoom(ReportModel model, ReportPair pair)
    {
        if (AntiPhaseWindow.Find(pair.Up.Loss, pair.Down.Loss, ReportFindings.Edge(model) ?? 0, ZoomSteps)
            is not { } first)
        {
            return Markup.Paragraph(
                "The losses were not recorded at adjacent steps, so the alternation cannot be shown.");
        }

        long last = first + ZoomSteps;
        ReportSeries up = AntiPhaseWindow.Cut(pair.Up.Loss, first, last);
        ReportSeries down = AntiPhaseWindow.Cut(pair.Down.Loss, first, last);
        string figure = PlotRenderer.Render(new Plot
        {
            Description = $"Mean losses of both camps of pair {pair.Name} step by step, and their changes",
            Panels =
            [
                new PlotPanel
                {
                    Label = Label("mean loss of each camp", model),
                    Lines = [Line(pair.UpName, "up", up, eachStep: true), Line(
                        pair.DownName, "down", down, eachStep: true)],
                    Height = 190,
                },
                new PlotPanel
                {
                    Label = Label("change since the step before", model),
                    Lines =
                    [
                        Line(pair.UpName, "up", AntiPhaseWindow.Changes(up), eachStep: true) with { FullName = $"change of {pair.UpName}" },
                        Line(pair.DownName, "down", AntiPhaseWindow.Changes(down), eachStep: true) with { FullName = $"change of {pair.DownName}" },
                    ],
                    Height = 150,
                },
            ],
        });
        return $"<h4>Step by step, where the opposition is largest</h4>\n{figure}";
    }

    private static string Label(string quantity, ReportModel model) =>
        model.LossUnit is { } unit ? $"{quantity} ({unit})" : quantity;

    private static PlotLine Line(string name, string style, ReportSeries series, bool eachStep = false) =>
        new() { Name = name, Style = style, Series = series, EachStep = eachStep };
}
