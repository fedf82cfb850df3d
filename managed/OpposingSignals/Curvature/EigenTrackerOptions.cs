namespace OpposingSignals.Curvature;

/// <summary>What is tracked along a sequence of operators, and with how much memory.</summary>
public sealed record EigenTrackerOptions
{
    /// <summary>Which end of the spectrum.</summary>
    public Spectrum Spectrum { get; init; } = Spectrum.Largest;

    /// <summary>Eigenpairs wanted, at each end for <see cref="Spectrum.BothEnds"/>.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Largest accepted ‖A v − λ v‖₂ / max(|λ|, largest |Ritz value| seen).</summary>
    /// <remarks>What it says of the outermost eigenvalue is told by <see cref="LanczosOptions.Tolerance"/>.</remarks>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>Limit of products of one solve, counted per vector.</summary>
    public int MaximumProducts { get; init; } = 200;

    /// <summary>Ritz vectors kept between solves as a model of the operator; each takes one vector of memory.</summary>
    public int RecycledVectors { get; init; } = 8;

    /// <summary>Past points from which start vectors are extrapolated; each takes 1 + wanted vectors of memory. 1
    /// starts from the last solution.</summary>
    public int HistoryLength { get; init; } = 4;

    /// <summary>Recycled vectors that join the basis, at a product each, of a solve that does not converge at once.
    /// They speed up close eigenvalues and notice an eigenvalue that overtakes.</summary>
    public int GuardVectors { get; init; } = 1;

    /// <summary>Every how many solves the guard vectors join in any case; 0 never. They always join where their last
    /// known value comes within 5 % of the scale of a wanted one.</summary>
    public int GuardInterval { get; init; } = 10;

    /// <summary>Seed of random directions.</summary>
    public int Seed { get; init; } = 1;
}
