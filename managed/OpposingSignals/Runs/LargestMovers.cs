using OpposingSignals.Outliers;

namespace OpposingSignals.Runs;

/// <summary>
/// The groups as Rosenfeld and Risteski (arXiv 2311.04163, section 2) took them: the samples whose losses rose most at
/// one step, and those whose losses fell most. Nothing else is asked of them.
/// </summary>
/// <param name="Step">The step t.</param>
/// <param name="Pair">Those that rose, and those that fell.</param>
internal sealed record LargestMovers(long Step, OpposingPair Pair)
{
    /// <summary>The largest size of each of the two groups; theirs.</summary>
    public const int GroupSize = 20;

    /// <summary>What the pair is called.</summary>
    public string Name => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"movers of step {Step}");

    /// <summary>The movers of a step whose losses the history holds; none for no step.</summary>
    /// <param name="step">The step t.</param>
    /// <param name="history">Losses of all samples.</param>
    /// <param name="window">Loss changes of the steps over which the two groups are then described.</param>
    public static IEnumerable<LargestMovers> At(long? step, LossHistory history, ChangeWindow window) =>
        step is { } taken && history.RowOf(taken) is { } row
            ? At(taken, Wide(history.LossesAt(row)), history, window) : [];

    /// <summary>
    /// The movers of a step whose losses are given; none where those of the step before are not at hand, or all move
    /// one way.
    /// </summary>
    /// <param name="step">The step t.</param>
    /// <param name="losses">ℓᵢ(θ_t).</param>
    /// <param name="history">Holds ℓᵢ(θ_{t−1}).</param>
    /// <param name="window">Loss changes of the steps over which the two groups are then described.</param>
    public static IEnumerable<LargestMovers> At(long step, double[] losses, LossHistory history, ChangeWindow window)
    {
        if (history.RowOf(step - 1) is not { } before)
        {
            return [];
        }

        double[] changes = [.. losses.Zip(Wide(history.LossesAt(before)), (now, then) => now - then)];
        return Pairs(changes, window) is { } pair ? [new LargestMovers(step, pair)] : [];
    }

    private static double[] Wide(ReadOnlySpan<float> losses)
    {
        double[] wide = new double[losses.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(losses, wide.AsSpan());
        return wide;
    }

    private static OpposingPair? Pairs(double[] changes, ChangeWindow window)
    {
        int[] ascending =
        [
            .. Enumerable.Range(0, changes.Length).Where(i => double.IsFinite(changes[i])).OrderBy(i => changes[i]),
        ];
        int[] up = [.. ascending.Reverse().TakeWhile(i => changes[i] > 0).Take(GroupSize)];
        int[] down = [.. ascending.TakeWhile(i => changes[i] < 0).Take(GroupSize)];
        if (up.Length == 0 || down.Length == 0)
        {
            return null;
        }

        var measures = new CampMeasures(window);
        ChangeWindow changed = window.WithoutDrift();
        var alternating = new CampMeasures(changed);
        return new OpposingPair
        {
            Up = Camp(up),
            Down = Camp(down),
            TrajectoryOpposition = CampMeasures.Correlation(alternating.MeanChanges(up), alternating.MeanChanges(down)),
            OpposedFrom = changed.Steps.FirstOrDefault(),
            OpposedTo = changed.Steps.LastOrDefault(),
        };

        SampleGroup Camp(int[] samples) => new()
        {
            Indices = [.. samples],
            Strengths = [.. samples.Select(i => Math.Abs(changes[i]))],
            Correlations = [.. samples.Select(_ => 1.0)],
            Alternation = measures.Alternation(measures.MeanChanges(samples)),
            EnergyShare = measures.EnergyShare(samples),
        };
    }
}
