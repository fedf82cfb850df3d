namespace OpposingSignals.Curvature;

/// <summary>The part of a symmetric operator's spectrum that is wanted, in the order of the real line.</summary>
public enum Spectrum
{
    /// <summary>The algebraically largest eigenvalues, in descending order.</summary>
    Largest,

    /// <summary>The algebraically smallest eigenvalues, in ascending order.</summary>
    Smallest,

    /// <summary>As many of the largest as of the smallest eigenvalues, all in descending order.</summary>
    BothEnds,
}
