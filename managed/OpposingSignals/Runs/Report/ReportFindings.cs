using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>The key numbers that the summary and several sections share.</summary>
internal static class ReportFindings
{
    /// <summary>
    /// The step at which the edge is reached, as given or from the measured sharpness; null if it is not.
    /// </summary>
    public static long? Edge(ReportModel model)
    {
        if (model.EdgeStep is not null || model.StabilityThreshold is not { } threshold)
        {
            return model.EdgeStep;
        }

        return EdgeCrossing.Find(model.Sharpness.Values.Steps, model.Sharpness.Values.Values, threshold);
    }

    /// <summary>What a plot calls that step.</summary>
    public static string EdgeMark(ReportModel model) => $"sharpness first above {model.ThresholdFormula}";

    /// <summary>The pairs that were found; empty also if none were looked for.</summary>
    public static ImmutableArray<ReportPair> Pairs(ReportModel model) => model.Pairs ?? [];

    /// <summary>
    /// Median of sharpness over threshold from the crossing on; null without a crossing or threshold.
    /// </summary>
    public static double? SharpnessPastEdge(ReportModel model)
    {
        if (Edge(model) is not { } edge || model.StabilityThreshold is not { } threshold)
        {
            return null;
        }

        ReportSeries values = model.Sharpness.Values;
        double[] past = [.. values.Values.Where((v, i) => values.Steps[i] >= edge && double.IsFinite(v)).Order()];
        return past.Length == 0 ? null : past[past.Length / 2] / threshold;
    }

    /// <summary>The largest finite sharpness; null if there is none.</summary>
    public static double? LargestSharpness(ReportModel model)
    {
        double[] values = [.. model.Sharpness.Values.Values.Where(double.IsFinite)];
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
