using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Outliers;

namespace OpposingSignals.Runs;

/// <summary>
/// The three checks of Rosenfeld and Risteski (arXiv 2311.04163, figure 2) of a pair's strongest members against random
/// samples, sample by sample.
/// </summary>
public sealed record OutlierChecks
{
    /// <summary>‖∇ℓᵢ‖.</summary>
    public required OutlierCheck GradientNorm { get; init; }

    /// <summary>The largest eigenvalue of ∇²ℓᵢ.</summary>
    public required OutlierCheck TopEigenvalue { get; init; }

    /// <summary>vᵀ∇²ℓᵢv along the leading v of the <see cref="StabilityDirections"/>.</summary>
    public required OutlierCheck CurvatureAlongTop { get; init; }

    /// <summary>Whether the members' median exceeds the random samples' 95th percentile in all three.</summary>
    public bool Passed => GradientNorm.Passed && TopEigenvalue.Passed && CurvatureAlongTop.Passed;
}

/// <summary>One quantity of a pair's members and of random samples.</summary>
/// <param name="Members">Median of the members.</param>
/// <param name="RandomMedian">Median of the random samples.</param>
/// <param name="Random95">Their 95th percentile.</param>
public sealed record OutlierCheck(double Members, double RandomMedian, double Random95)
{
    /// <summary>Random samples; 0 where the record does not say.</summary>
    public int RandomSamples { get; init; }

    /// <summary>Lower end of the 95 % confidence interval of <see cref="Random95"/>, which a few random samples know but
    /// roughly, and all samples exactly; null where there are too few to say.</summary>
    public double? Random95Low { get; init; }

    /// <summary>Its upper end; null where there are too few to say.</summary>
    public double? Random95High { get; init; }

    /// <summary>Whether the members' median exceeds the random samples' 95th percentile.</summary>
    public bool Passed => Members > Random95;
}

/// <summary>Measures single samples at fixed parameters; the random ones once for all pairs.</summary>
internal sealed class OutlierMeasurements
{
    private const ulong Seed = 1;
    private const double Tail = 0.95;

    private readonly RunObjects _objects;
    private readonly VectorBlock _parameters;
    private readonly double[] _curvatures;
    private readonly int[] _randomSamples;
    private readonly Lazy<Measured> _random;

    /// <summary>Prepares; nothing is measured yet.</summary>
    /// <param name="objects">The run.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="curvatures">vᵀ∇²ℓᵢv of every sample.</param>
    /// <param name="randomSamples">How many random samples to compare with, of those that there are.</param>
    public OutlierMeasurements(RunObjects objects, VectorBlock parameters, double[] curvatures, int randomSamples)
    {
        (_objects, _parameters, _curvatures) = (objects, parameters, curvatures);
        int[] all = [.. Enumerable.Range(0, curvatures.Length)];
        new Xoshiro256(Seed).Shuffle(all.AsSpan());
        _randomSamples = [.. all.Take(randomSamples)];
        _random = new Lazy<Measured>(() => Measure(_randomSamples));
    }

    public OutlierChecks Of(OpposingPair pair)
    {
        Measured members = Measure(Strongest(pair));
        return new OutlierChecks
        {
            GradientNorm = Compare(members.GradientNorms, _random.Value.GradientNorms),
            TopEigenvalue = Compare(members.TopEigenvalues, _random.Value.TopEigenvalues),
            CurvatureAlongTop = Of(pair, _curvatures),
        };
    }

    /// <summary>The check of a quantity that is known for every sample.</summary>
    public OutlierCheck Of(OpposingPair pair, double[] quantity) => Compare(
        [.. Strongest(pair).Select(sample => quantity[sample])],
        [.. _randomSamples.Select(sample => quantity[sample])]);

    private static IEnumerable<int> Strongest(OpposingPair pair) =>
        pair.Up.Indices.Take(LargestMovers.GroupSize).Concat(pair.Down.Indices.Take(LargestMovers.GroupSize));

    private Measured Measure(IEnumerable<int> samples)
    {
        var measured = new Measured([], []);
        foreach (int sample in samples)
        {
            using Objective single = _objects.ObjectiveOf(_objects.Data.Training.Select([sample]), forwardOnly: false);
            LinearizationPoint point = single.Linearize(_parameters);
            measured.GradientNorms.Add(point.Gradient.Norms()[0]);

            // Two digits are enough beside a distribution.
            using EigenSolution top = new BlockLanczos(new LanczosOptions { Tolerance = 0.02, MaximumProducts = 20 })
                .Solve(new CurvatureOperator(point, ProductKind.Hessian));
            measured.TopEigenvalues.Add(top.Pairs[0].Value);
        }

        return measured;
    }

    private OutlierCheck Compare(List<double> members, List<double> random)
    {
        double[] sorted = [.. random.Order()];
        double tail = Quantile(sorted, Tail);
        bool areAll = sorted.Length == _curvatures.Length;
        (double? low, double? high) = areAll ? (tail, tail) : QuantileInterval.Of(sorted, Tail);
        return new OutlierCheck(Quantile([.. members.Order()], 0.5), Quantile(sorted, 0.5), tail)
        {
            RandomSamples = sorted.Length,
            Random95Low = low,
            Random95High = high,
        };
    }

    private static double Quantile(double[] sorted, double fraction) =>
        sorted[(int)Math.Round(fraction * (sorted.Length - 1))];

    private sealed record Measured(List<double> GradientNorms, List<double> TopEigenvalues);
}
