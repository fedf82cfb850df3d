using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Splits directions into camps by sign and decides which camps form a pair.</summary>
/// <param name="window">The loss changes as they are.</param>
/// <param name="directionSteps">The step of each element of a direction.</param>
/// <param name="options">Thresholds.</param>
internal sealed class CampBuilder(ChangeWindow window, ImmutableArray<long> directionSteps, GroupFinderOptions options)
{
    private readonly CampMeasures _measures = new(window);

    public List<OpposingPair> Pairs { get; } = [];

    public List<SampleGroup> Unpaired { get; } = [];

    public void Add(Direction direction, TrajectorySet set)
    {
        int sign = Orientation(direction.Trajectory);
        SampleGroup? up = Camp(direction, set, sign), down = Camp(direction, set, -sign);
        if (up is not null && down is not null && _measures.Pair(up, down, options.MaximumOpposition) is { } pair)
        {
            Pairs.Add(pair);
            return;
        }

        Unpaired.AddRange(new[] { up, down }.OfType<SampleGroup>());
    }

    private SampleGroup? Camp(Direction direction, TrajectorySet set, int sign)
    {
        int[] members = [.. direction.Members
            .Where(i => sign * set.Projection(i, direction.Trajectory) > 0)
            .OrderByDescending(i => Math.Abs(set.Projection(i, direction.Trajectory)))
            .ThenBy(i => set.Samples[i])];
        if (members.Length < options.MinimumCamp)
        {
            return null;
        }

        int[] samples = [.. members.Select(i => set.Samples[i])];
        double root = Math.Sqrt(set.Steps);
        return new SampleGroup
        {
            Indices = [.. samples],
            Strengths = [.. members.Select(i => Math.Abs(set.Projection(i, direction.Trajectory)) / root)],
            Correlations = [.. members.Select(i => Math.Abs(set.Correlation(i, direction.Trajectory)))],
            Alternation = _measures.Alternation(_measures.MeanChanges(samples)),
            EnergyShare = _measures.EnergyShare(samples),
        };
    }

    private int Orientation(double[] trajectory)
    {
        double alternation = AlternationScore.Compute(directionSteps.AsSpan(), trajectory);
        double decisive = alternation != 0 ? alternation
            : trajectory[TensorPrimitives.IndexOfMaxMagnitude<double>(trajectory)];
        return decisive > 0 ? 1 : -1;
    }
}
