using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>Ritz pairs of a symmetric operator with their residuals and what they cost.</summary>
/// <remarks>Pairs that did not reach the tolerance are returned too, marked; check <see cref="Converged"/>.</remarks>
public sealed class EigenSolution : IDisposable
{
    internal EigenSolution(RitzPair[] pairs, VectorBlock vectors, int products, int blockSteps, StopReason stoppedBy)
    {
        Pairs = pairs;
        Vectors = vectors;
        Products = products;
        BlockSteps = blockSteps;
        StoppedBy = stoppedBy;
    }

    /// <summary>The pairs in the order of the <see cref="Spectrum"/> asked for; fewer than wanted only where the limit
    /// of products is below the number wanted or the dimension is.</summary>
    public IReadOnlyList<RitzPair> Pairs { get; }

    /// <summary>
    /// The Ritz vectors, orthonormal to rounding; vector j belongs to pair j. Released with the solution.
    /// </summary>
    public VectorBlock Vectors { get; }

    /// <summary>The Ritz values in the order of <see cref="Pairs"/>.</summary>
    public double[] Values => [.. Pairs.Select(pair => pair.Value)];

    /// <summary>The residual norms ‖A v − λ v‖₂ in the order of <see cref="Pairs"/>.</summary>
    public double[] Residuals => [.. Pairs.Select(pair => pair.Residual)];

    /// <summary>Operator applications, counted per vector.</summary>
    public int Products { get; }

    /// <summary>Calls of <see cref="ISymmetricOperator.Apply"/>.</summary>
    public int BlockSteps { get; }

    /// <summary>Why the solver stopped.</summary>
    public StopReason StoppedBy { get; }

    /// <summary>Whether every wanted pair was found to the tolerance.</summary>
    public bool Converged => StoppedBy == StopReason.Converged;

    /// <inheritdoc/>
    public void Dispose() => Vectors.Dispose();
}
