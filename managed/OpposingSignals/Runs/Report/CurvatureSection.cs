using System.Collections.Immutable;
using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>Loss and sharpness over the run, one above the other.</summary>
internal static class CurvatureSection
{
    public static string Render(ReportModel model)
    {
        string loss = model.LossUnit is { } unit ? $"mean loss ({unit})" : "mean loss";
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
                .. Sharpness(model),
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

    private static IEnumerable<PlotPanel> Sharpness(ReportModel model)
    {
        ImmutableArray<PlotLevel> edge =
            ReportFindings.Levels(model, $"{model.ThresholdFormula}, the edge of stability");
        bool isPreconditioned = model.PreconditionedSharpness is not null;
        yield return new PlotPanel
        {
            Label = "sharpness (largest Hessian eigenvalue)",
            Lines = [Eigenvalue("sharpness", "c3", model.Sharpness, model.ResidualTolerance)],
            Levels = isPreconditioned ? [] : edge,
            Height = isPreconditioned ? 150 : 230,
        };
        if (model.PreconditionedSharpness is { } preconditioned)
        {
            yield return new PlotPanel
            {
                Label = "preconditioned sharpness, of P⁻¹H",
                Lines =
                    [Eigenvalue(ReportFindings.BoundedName(model), "e4", preconditioned, model.ResidualTolerance)],
                Levels = edge,
                Height = 230,

                // The first P is that of a few gradients, and too small.
                MayBeLogarithmic = true,
            };
        }
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

    private static string Explanation(ReportModel model)
    {
        string overshoot =
            " Above that line every step overshoots the bottom of the valley by more than it came from, and the training " +
            "loss stops falling smoothly.";
        return Markup.Paragraph(
            "The sharpness says how strongly the loss bends in the direction in which it bends most. " +
            (model.StabilityThreshold is null ? model.ThresholdNote
            : model.PreconditionedSharpness is null
                ? $"The optimiser with step size η is stable along a direction only while the curvature there is below {model.ThresholdFormula}." +
                overshoot
                : "The optimiser divides its steps by a matrix P that adapts to the gradients. With step size η it is stable only while the " +
                $"largest eigenvalue of P⁻¹H, the preconditioned sharpness, is below {model.ThresholdFormula}.{overshoot} The sharpness of " +
                "the Hessian H itself has no such line, and may go on rising."));
    }
}
