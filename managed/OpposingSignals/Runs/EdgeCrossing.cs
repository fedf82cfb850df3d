using OpposingSignals.Optimizers;

namespace OpposingSignals.Runs;

/// <summary>When a run reaches the edge of stability.</summary>
public static class EdgeCrossing
{
    /// <summary>
    /// The first step at which the sharpness, that of P⁻¹H where the optimiser divides by a P, rises above the
    /// threshold. A run that starts above it is thrown down by its first steps, and reaches the edge when it comes
    /// back; one that stays above has been there from the start.
    /// </summary>
    /// <param name="steps">Steps, ascending.</param>
    /// <param name="sharpness">The sharpness at each; NaN where it is not known.</param>
    /// <param name="threshold">The optimiser's stability threshold, for instance 2/η.</param>
    /// <returns>The step; null where the sharpness never is above.</returns>
    public static long? Find(IReadOnlyList<long> steps, IReadOnlyList<double> sharpness, double threshold)
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentNullException.ThrowIfNull(sharpness);
        int[] known = [.. Enumerable.Range(0, steps.Count).Where(i => !double.IsNaN(sharpness[i]))];
        int rest = Array.FindIndex(known, i => !(sharpness[i] > threshold));
        int crossing = Array.FindIndex(known, Math.Max(rest, 0), i => sharpness[i] > threshold);
        int found = crossing >= 0 ? crossing : Array.FindIndex(known, i => sharpness[i] > threshold);
        return found < 0 ? null : steps[known[found]];
    }

    /// <summary>
    /// The crossing of a run, as far as its metrics reach; null where its optimiser has no threshold.
    /// </summary>
    public static long? Of(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        MetricsTable metrics = MetricsFile.Read(run.Folder.Metrics);
        Optimizer optimizer = run.Trainer.Optimizer;
        double?[] curvature = metrics[MetricsColumns.Bounded(optimizer)];
        return optimizer.StabilityThreshold is { } threshold
            ? Find(metrics.Steps, [.. curvature.Select(value => value ?? double.NaN)], threshold)
            : null;
    }
}
