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
        (SampleGroup? up, double[] upMean) = Camp(direction, set, sign);
        (SampleGroup? down, double[] downMean) = Camp(direction, set, -sign);
        double opposition = up is null || down is null ? 0 : CampMeasures.Correlation(upMean, downMean);
        if (opposition <= options.MaximumOpposition)
        {
            Pairs.Add(new OpposingPair { Up = up!, Down = down!, TrajectoryOpposition = opposition });
            return;
        }

        foreach (SampleGroup? camp in (SampleGroup?[])[up, down])
        {
            if (camp is not null)
            {
                Unpaired.Add(camp);
            }
        }
    }

    private (SampleGroup? Camp, double[] Mean) Camp(Direction direction, TrajectorySet set, int sign)
    {
        int[] members = [.. direction.Members
            .Where(i => sign * set.Projection(i, direction.Trajectory) > 0)
            .OrderByDescending(i => Math.Abs(set.Projection(i, direction.Trajectory)))
            .ThenBy(i => set.Samples[i])];
        if (members.Length < options.MinimumCamp)
        {
            return (null, []);
        }

        int[] samples = [.. members.Select(i => set.Samples[i])];
        double[] mean = _measures.MeanChanges(samples);
        double root = Math.Sqrt(set.Steps);
        var camp = new SampleGroup
        {
            Indices = [.. samples],
            Strengths = [.. members.Select(i => Math.Abs(set.Projection(i, direction.Trajectory)) / root)],
            Correlations = [.. members.Select(i => Math.Abs(set.Correlation(i, direction.Trajectory)))],
            Alternation = _measures.Alternation(mean),
            EnergyShare = _measures.EnergyShare(samples),
        };
        return (camp, mean);
    }

    private int Orientation(double[] trajectory)
    {
        double alternation = AlternationScore.Compute(directionSteps.AsSpan(), trajectory);
        double decisive = alternation != 0 ? alternation : trajectory[TensorPrimitives.IndexOfMaxMagnitude<double>(trajectory)];
        return decisive > 0 ? 1 : -1;
    }
}
