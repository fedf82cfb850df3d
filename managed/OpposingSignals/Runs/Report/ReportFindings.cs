using System.Collections.Immutable;
using OpposingSignals.Optimizers;

namespace OpposingSignals.Runs.Report;

/// <summary>The key numbers that the summary and several sections share.</summary>
internal static class ReportFindings
{
    /// <summary>The eigenvalue that the stability threshold bounds: of P⁻¹H, or of the Hessian itself.</summary>
    public static EigenvalueSeries Bounded(ReportModel model) => model.PreconditionedSharpness ?? model.Sharpness;

    /// <summary>What that eigenvalue is called.</summary>
    public static string BoundedName(ReportModel model) =>
        Optimizer.CurvatureName(model.PreconditionedSharpness is not null);

    /// <summary>What the curvature is called that pairs have shares of.</summary>
    public static string SharedName(ReportModel model) => Optimizer.CurvatureName(model.ArePairsPreconditioned);

    /// <summary>What follows the word eigenvector where a pair is measured along one.</summary>
    public static string OfMatrix(ReportModel model) => model.ArePairsPreconditioned ? " of P⁻¹H" : "";

    /// <summary>The threshold as a level of a plot, none where it is not known.</summary>
    public static ImmutableArray<PlotLevel> Levels(ReportModel model, string name) =>
        model.StabilityThreshold is { } threshold && double.IsFinite(threshold) ? [new PlotLevel(name, threshold)] : [];

    /// <summary>The threshold of the Hessian's own eigenvalues; null where it is one of P⁻¹H, or there is none.</summary>
    public static double? HessianThreshold(ReportModel model) =>
        model.PreconditionedSharpness is null ? model.StabilityThreshold : null;

    /// <summary>
    /// The step at which the edge is reached, as given or from the measured curvature; null if it is not.
    /// </summary>
    public static long? Edge(ReportModel model)
    {
        if (model.EdgeStep is not null || model.StabilityThreshold is not { } threshold)
        {
            return model.EdgeStep;
        }

        ReportSeries bounded = Bounded(model).Values;
        return EdgeCrossing.Find(bounded.Steps, bounded.Values, threshold);
    }

    /// <summary>What a plot calls that step.</summary>
    public static string EdgeMark(ReportModel model) => $"{BoundedName(model)} first above {model.ThresholdFormula}";

    /// <summary>The pairs that were found; empty also if none were looked for.</summary>
    public static ImmutableArray<ReportPair> Pairs(ReportModel model) => model.Pairs ?? [];

    /// <summary>
    /// Median of curvature over threshold from the crossing on; null without a crossing or threshold.
    /// </summary>
    public static double? CurvaturePastEdge(ReportModel model)
    {
        if (Edge(model) is not { } edge || model.StabilityThreshold is not { } threshold)
        {
            return null;
        }

        ReportSeries values = Bounded(model).Values;
        double[] past = [.. values.Values.Where((v, i) => values.Steps[i] >= edge && double.IsFinite(v)).Order()];
        return past.Length == 0 ? null : past[past.Length / 2] / threshold;
    }

    /// <summary>The largest finite value of what the threshold bounds; null if there is none.</summary>
    public static double? LargestCurvature(ReportModel model)
    {
        double[] values = [.. Bounded(model).Values.Values.Where(double.IsFinite)];
        return values.Length == 0 ? null : values.Max();
    }

    /// <summary>The last finite value of a series; null if there is none.</summary>
    public static double? Last(ReportSeries series)
    {
        double last = series.Values.LastOrDefault(double.IsFinite, double.NaN);
        return double.IsNaN(last) ? null : last;
    }

    /// <summary>Samples in both camps.</summary>
    public static int Size(ReportPair pair) => pair.Up.Samples.Length + pair.Down.Samples.Length;
}
