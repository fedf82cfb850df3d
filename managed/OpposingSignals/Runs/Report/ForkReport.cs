using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using OpposingSignals.Optimizers;

namespace OpposingSignals.Runs.Report;

/// <summary>
/// Two branches of a run side by side: <c>fork.json</c> and <c>report.html</c> in their common folder.
/// </summary>
public static class ForkReport
{
    /// <summary>Writes both files.</summary>
    /// <param name="folder">The fork's folder.</param>
    /// <param name="fork">What the branches came to.</param>
    /// <param name="change">What the second branch did differently, in words.</param>
    /// <returns>The path of the page.</returns>
    public static string Write(string folder, ForkRecord fork, string change)
    {
        ArgumentNullException.ThrowIfNull(fork);
        AtomicFile.WriteText(
            Path.Combine(folder, "fork.json"), JsonSerializer.Serialize(fork, RunJson.Default.ForkRecord));
        string page = Path.Combine(folder, "report.html");
        AtomicFile.WriteText(page, HtmlReport.Page($"Fork: {change}", Render(fork, change)));
        return page;
    }

    private static string Render(ForkRecord fork, string change)
    {
        MetricsTable control = MetricsFile.Read(new RunFolder(fork.Control.Folder).Metrics);
        MetricsTable changed = MetricsFile.Read(new RunFolder(fork.Changed.Folder).Metrics);
        var html = new StringBuilder($"<h1>{Markup.Escape($"Fork at step {fork.Step}: {change}")}</h1>\n");
        html.Append(Markup.Paragraph(
            "Both branches start from the same weights and take the same number of steps. The curves are each branch's own loss and " +
            "sharpness; the table compares the ends on all training data, so that leaving samples out does not count by itself."));
        html.Append(PlotRenderer.Render(new Plot
        {
            Description = "Loss, sharpness and test accuracy of both branches",
            Panels =
            [
                Panel("training loss", "loss", logarithmic: true),
                Panel("sharpness", MetricsColumns.Sharpness),
                new PlotPanel
                {
                    Label = "curvature over the optimiser's stability threshold",
                    Lines = Lines(OverThreshold(fork.Control, control), OverThreshold(fork.Changed, changed)),
                    Levels = [new PlotLevel("the edge of stability", 1)],
                    MayBeLogarithmic = true,
                },
                Panel("test accuracy", "test_accuracy"),
            ],
        }));
        html.Append("<table>\n<tr><th>at the end</th><th>as before</th><th>changed</th></tr>\n");
        Row("steps", branch => Numbers.Count(branch.Step));
        Row("loss on all training data", branch => Numbers.Format(branch.Loss, 4));
        Row("sharpness on all training data", branch => Numbers.Format(branch.Sharpness, 4));
        Row("mean loss of the chosen samples", branch => Numbers.Format(branch.GroupLoss, 4));
        Row("test accuracy", branch => Numbers.Percent(branch.TestAccuracy));
        return html.Append("</table>\n").ToString();

        PlotPanel Panel(string label, string column, bool logarithmic = false) => new()
        {
            Label = label,
            MayBeLogarithmic = logarithmic,
            Lines = Lines(ReportSeries.Of(control, column), ReportSeries.Of(changed, column)),
        };

        void Row(string name, Func<BranchRecord, string> value) => html.Append(
            $"<tr><th>{name}</th><td>{value(fork.Control)}</td><td>{value(fork.Changed)}</td></tr>\n");
    }

    private static ImmutableArray<PlotLine> Lines(ReportSeries asBefore, ReportSeries changed) =>
    [
        new PlotLine { Name = "as before", Style = "c1", Series = asBefore },
        new PlotLine { Name = "changed", Style = "c2", Series = changed },
    ];

    // Of the curvature that the branch's optimiser bounds; nothing where it has no threshold.
    private static ReportSeries OverThreshold(BranchRecord branch, MetricsTable metrics)
    {
        Optimizer optimizer = new RunFolder(branch.Folder).ReadConfiguration().CreateOptimizer();
        if (optimizer.StabilityThreshold is not { } threshold)
        {
            return ReportSeries.Empty;
        }

        ReportSeries curvature = ReportSeries.Of(metrics, MetricsColumns.Bounded(optimizer));
        return new ReportSeries(curvature.Steps, [.. curvature.Values.Select(value => value / threshold)]);
    }
}
