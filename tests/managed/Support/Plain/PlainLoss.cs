using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>ℓ(z) of one sample with ∇ℓ and ∇²ℓ u. The target is a vector: of numbers, or one-hot.</summary>
public sealed class PlainLoss(Loss loss)
{
    private readonly bool _crossEntropy = loss is CrossEntropy;

    public Bounded Value(Bounded[] z, double[] target)
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

        return Bounded.Log(sum.Total) + top - z[Array.IndexOf(target, 1)];
    }

    /// <summary>weight · ∇ℓ.</summary>
    public Bounded[] Gradient(Bounded[] z, double[] target, Bounded weight) =>
    [
        .. _crossEntropy
            ? Probabilities(z).Zip(target, (p, t) => weight * (p - t))
            : Differences(z, target).Select(difference => weight * difference),
    ];

    /// <summary>weight · ∇²ℓ u: p ∘ (u − ⟨p, u⟩) for cross-entropy, u for the squared error.</summary>
    public Bounded[] HessianProduct(Bounded[] z, Bounded[] u, Bounded weight)
    {
        if (!_crossEntropy)
        {
            return Array.ConvertAll(u, element => weight * element);
        }

        Bounded[] p = Probabilities(z);
        Bounded mean = RunningSum.Dot(p, u);
        return [.. p.Zip(u, (probability, element) => weight * probability * (element - mean))];
    }

    /// <summary>uᵀ ∇²ℓ u: the variance of u under p for cross-entropy, |u|² for the squared error.</summary>
    public Bounded Curvature(Bounded[] z, Bounded[] u)
    {
        if (!_crossEntropy)
        {
            return RunningSum.Dot(u, u);
        }

        Bounded[] p = Probabilities(z);
        Bounded mean = RunningSum.Dot(p, u);
        Bounded[] deviations = Array.ConvertAll(u, element => element - mean);
        return RunningSum.Dot([.. p.Zip(deviations, (probability, deviation) => probability * deviation)], deviations);
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
