using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>Loss and sharpness over the run, one above the other.</summary>
internal static class CurvatureSection
{
    public static string Render(ReportModel model)
    {
        string loss = model.LossUnit is { } unit ? $"mean loss ({unit})" : "mean loss";
        PlotLevel[] threshold = model.StabilityThreshold is { } value && double.IsFinite(value)
            ? [new PlotLevel($"{model.ThresholdFormula}, the edge of stability", value)]
            : [];
        var plot = new Plot
        {
            Description = "Loss and sharpness over the training steps, with the edge of stability",
            Panels =
            [
                new PlotPanel
                {
                    Label = loss,
                    MayBeLogarithmic = true,
                    Lines =
                        [Line("training", "loss", "c1", model.TrainLoss), Line("test", "loss", "c2", model.TestLoss)],
                },
                new PlotPanel
                {
                    Label = "sharpness (largest Hessian eigenvalue)",
                    Lines = [Eigenvalue("sharpness", "c3", model.Sharpness, model.ResidualTolerance)],
                    Levels = [.. threshold],
                    Height = 230,
                },
                new PlotPanel
                {
                    Label = "accuracy (share of samples)",
                    Range = (0, 1),
                    Height = 120,
                    Lines =
                    [
                        Line("training", "accuracy", "c1", model.TrainAccuracy),
                        Line("test", "accuracy", "c2", model.TestAccuracy),
                    ],
                },
            ],
            MarkedStep = ReportFindings.Edge(model),
            MarkName = ReportFindings.EdgeMark(model),
        };
        string figure = PlotRenderer.Render(plot);
        var html = new StringBuilder("<section>\n<h2>Loss and sharpness</h2>\n");
        html.Append(
            figure.Length == 0 ? Markup.Paragraph("No loss or sharpness was recorded.") : Explanation(model) + figure);
        return html.Append("</section>\n").ToString();
    }

    public static PlotLine Eigenvalue(string name, string style, EigenvalueSeries series, double tolerance) => new()
    {
        Name = name,
        Style = style,
        Series = series.Values,
        Whiskers = series.Residuals,
        Ringed = i => series.IsUnconverged(i, tolerance),
    };

    private static PlotLine Line(string data, string quantity, string style, ReportSeries series) =>
        new() { Name = data, FullName = $"{data} {quantity}", Style = style, Series = series };

    private static string Explanation(ReportModel model) => model.StabilityThreshold is null
        ? Markup.Paragraph(
            $"The sharpness says how strongly the loss bends in the direction in which it bends most. {model.ThresholdNote}")
        : Markup.Paragraph(
            "The sharpness says how strongly the loss bends in the direction in which it bends most. The optimiser with " +
            $"step size η is stable along a direction only while the curvature there is below {model.ThresholdFormula}. Above that line every " +
            "step overshoots the bottom of the valley by more than it came from, and the training loss stops falling smoothly.");
}
