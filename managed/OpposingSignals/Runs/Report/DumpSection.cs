using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>
/// Raw lists of the largest movers at chosen steps, and groups that are followed through the whole run.
/// </summary>
internal static class DumpSection
{
    public static string Render(ReportModel model)
    {
        if (model.Dumps.IsEmpty && model.Followed.IsEmpty)
        {
            return "";
        }

        var html = new StringBuilder("<section>\n<h2>Followed by hand</h2>\n");
        if (!model.Followed.IsEmpty)
        {
            html.Append(Markup.Paragraph(
                "Groups of samples that were given, whatever the search found: their mean losses over the run."));
            html.Append(Curves(
                "Mean losses of the groups given", model,
                [.. model.Followed.Select(
                    (group, i) => Line($"{group.Name} ({group.Size} samples)", $"e{(i % 6) + 1}", group.Loss))]));
        }

        foreach (ReportDump dump in model.Dumps)
        {
            html.Append($"<article>\n<h3>Step {Numbers.Count(dump.Step)}</h3>\n");
            html.Append(Markup.Paragraph(
                "The samples whose losses rose and fell most at this step, as they come, without any search. The curves follow the " +
                "first twenty of each through the whole run."));
            html.Append(Curves(
                $"Mean losses of the largest movers of step {dump.Step}", model,
                [Line("twenty risers", "up", dump.Risers.Loss), Line("twenty fallers", "down", dump.Fallers.Loss)]));
            html.Append("<div class=\"camps\">\n").Append(ContactSheet.Render("Rose most", "up", dump.Risers));
            html.Append(ContactSheet.Render("Fell most", "down", dump.Fallers)).Append("</div>\n</article>\n");
        }

        return html.Append("</section>\n").ToString();
    }

    private static PlotLine Line(string name, string style, ReportSeries series) =>
        new() { Name = name, Style = style, Series = series };

    private static string Curves(string description, ReportModel model, PlotLine[] lines) =>
        PlotRenderer.Render(new Plot
    {
        Description = description,
        Panels =
        [
            new PlotPanel
            {
                Label = model.LossUnit is { } unit ? $"mean loss ({unit})" : "mean loss",
                Lines = [.. lines, Line("all training samples", "rest", model.TrainLoss)],
                Height = 170,
            },
        ],
        MarkedStep = ReportFindings.Edge(model),
        MarkName = ReportFindings.EdgeMark(model),
    });
}
