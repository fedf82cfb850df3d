using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// ℓ(z) of one sample with ∇ℓ and ∇²ℓ u. The target is a vector: of numbers, or one-hot for every position. With
/// several positions ℓ is the mean of theirs.
/// </summary>
public sealed class PlainLoss
{
    // Gradients are made in parts: of the cross-entropy, and of what smoothing adds.
    private const int SmoothingRoundings = 3;

    private readonly bool _crossEntropy;
    private readonly double _smoothing;
    private readonly int _positions;
    private readonly int _classes;

    public PlainLoss(Loss loss, FeatureShape outputs)
    {
        _crossEntropy = loss is CrossEntropy;
        _smoothing = (loss as CrossEntropy)?.Smoothing ?? 0;
        _positions = _crossEntropy ? outputs.Positions : 1;
        _classes = outputs.Size / _positions;
    }

    private Bounded Share => _positions == 1 ? 1 : Bounded.Constant(1.0 / _positions);

    public Bounded Value(Bounded[] z, double[] target)
    {
        var sum = default(RunningSum);
        foreach ((Bounded[] position, double[] ofPosition) in z.Chunk(_classes).Zip(target.Chunk(_classes)))
        {
            sum.Add(Share, ValueOfPosition(position, ofPosition));
        }

        return sum.Total;
    }

    /// <summary>weight · ∇ℓ.</summary>
    public Bounded[] Gradient(Bounded[] z, double[] target, Bounded weight) =>
    [
        .. z.Chunk(_classes).Zip(target.Chunk(_classes))
            .SelectMany(position => GradientOfPosition(position.First, position.Second, weight * Share)),
    ];

    /// <summary>weight · ∇²ℓ u: p ∘ (u − ⟨p, u⟩) for cross-entropy, u for the squared error.</summary>
    public Bounded[] HessianProduct(Bounded[] z, Bounded[] u, Bounded weight)
    {
        if (!_crossEntropy)
        {
            return Array.ConvertAll(u, element => weight * element);
        }

        Bounded scaled = weight * Share;
        return
        [
            .. z.Chunk(_classes).Zip(u.Chunk(_classes)).SelectMany(position =>
            {
                Bounded[] p = Probabilities(position.First);
                Bounded mean = RunningSum.Dot(p, position.Second);
                return p.Zip(position.Second, (probability, element) => scaled * probability * (element - mean));
            }),
        ];
    }

    /// <summary>uᵀ ∇²ℓ u: the variance of u under p for cross-entropy, |u|² for the squared error.</summary>
    public Bounded Curvature(Bounded[] z, Bounded[] u)
    {
        if (!_crossEntropy)
        {
            return RunningSum.Dot(u, u);
        }

        var sum = default(RunningSum);
        foreach ((Bounded[] ofZ, Bounded[] ofU) in z.Chunk(_classes).Zip(u.Chunk(_classes)))
        {
            Bounded[] p = Probabilities(ofZ);
            Bounded mean = RunningSum.Dot(p, ofU);
            Bounded[] deviations = Array.ConvertAll(ofU, element => element - mean);
            sum.Add(
                Share,
                RunningSum.Dot(
                    [.. p.Zip(deviations, (probability, deviation) => probability * deviation)], deviations));
        }

        return sum.Total;
    }

    private Bounded ValueOfPosition(Bounded[] z, double[] target)
    {
        var sum = default(RunningSum);
        if (!_crossEntropy)
        {
            foreach (Bounded difference in Differences(z, target))
            {
                sum.Add(0.5 * difference, difference);
            }

            return sum.Total;
        }

        // The largest output is taken out first, so that no exponential overflows; which one it is does not matter.
        Bounded top = z.MaxBy(output => output.Value);
        foreach (Bounded output in z)
        {
            sum.Add(Bounded.Exp(output - top));
        }

        Bounded right = z[Array.IndexOf(target, 1)];
        Bounded plain = Bounded.Log(sum.Total) + top - right;
        return _smoothing == 0
            ? plain
            : plain + (Bounded.Constant(_smoothing) * (right - (RunningSum.Dot(z, [.. z.Select(_ => (Bounded)1)]) / _classes)));
    }

    private IEnumerable<Bounded> GradientOfPosition(Bounded[] z, double[] target, Bounded weight)
    {
        if (!_crossEntropy)
        {
            return Differences(z, target).Select(difference => weight * difference);
        }

        IEnumerable<Bounded> plain = Probabilities(z).Zip(target, (p, t) => weight * (p - t));
        return _smoothing == 0
            ? plain
            : plain.Zip(target, (p, t) =>
                (p + (weight * Bounded.Constant(_smoothing * (t - (1.0 / _classes))))).After(SmoothingRoundings));
    }

    private static Bounded[] Probabilities(Bounded[] z)
    {
        Bounded top = z.MaxBy(output => output.Value);
        Bounded[] exponentials = Array.ConvertAll(z, output => Bounded.Exp(output - top));
        var sum = default(RunningSum);
        foreach (Bounded exponential in exponentials)
        {
            sum.Add(exponential);
        }

        Bounded total = sum.Total;
        return Array.ConvertAll(exponentials, exponential => exponential / total);
    }

    private static IEnumerable<Bounded> Differences(Bounded[] z, double[] target) => z.Zip(target, (a, b) => a - b);
}
