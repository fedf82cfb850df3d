namespace OpposingSignals.Curvature;

/// <summary>What an eigensolver is asked for.</summary>
public sealed record LanczosOptions
{
    /// <summary>Which end of the spectrum.</summary>
    public Spectrum Spectrum { get; init; } = Spectrum.Largest;

    /// <summary>Eigenpairs wanted, at each end for <see cref="Spectrum.BothEnds"/>; capped by the dimension.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Vectors multiplied at once. A block of b finds eigenvalues of multiplicity up to b; a smaller one may
    /// see a multiple eigenvalue once.</summary>
    public int BlockSize { get; init; } = 1;

    /// <summary>Largest accepted ‖A v − λ v‖₂ / max(|λ|, largest |Ritz value| seen).</summary>
    /// <remarks>
    /// It bounds the distance to an eigenvalue, not to the outermost. A solve from random vectors takes at least 2 + ½
    /// log₂ n steps, in which an eigenvalue that is ahead by an eighth of the spectrum's width usually shows. With
    /// tolerances above 1e-2, as bf16 arithmetic needs, one that is ahead by less may be missed: ask for two pairs then.
    /// </remarks>
    public double Tolerance { get; init; } = 1e-6;

    /// <summary>Limit of operator applications, counted per vector.</summary>
    public int MaximumProducts { get; init; } = 1000;

    /// <summary>Vectors held before a thick restart; 0 chooses. Memory is twice as many vectors.</summary>
    public int BasisSize { get; init; }

    /// <summary>Warm-start vectors that may enter the basis at a cost of one product each; 0 takes as many as pairs are
    /// wanted. Vectors beyond those wanted enter only while the wanted pairs have not converged.</summary>
    public int StartVectors { get; init; }

    /// <summary>Seed of random directions.</summary>
    public int Seed { get; init; } = 1;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(BasisSize);
        ArgumentOutOfRangeException.ThrowIfNegative(StartVectors);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumProducts, 1);
        if (!(Tolerance > 0) || !double.IsFinite(Tolerance))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Tolerance), Tolerance, "The tolerance must be positive and finite.");
        }
    }
}
