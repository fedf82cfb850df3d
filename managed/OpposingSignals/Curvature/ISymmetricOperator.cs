using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// A real symmetric linear map A on vectors of length <see cref="Dimension"/>, known only by its products.
/// </summary>
public interface ISymmetricOperator
{
    /// <summary>The device on which products are computed.</summary>
    Device Device { get; }

    /// <summary>Element type of the vectors and their products.</summary>
    Precision Precision { get; }

    /// <summary>Length n of the vectors.</summary>
    long Dimension { get; }

    /// <summary>products_j = A · vectors_j for all K vectors at once.</summary>
    /// <param name="vectors">K vectors of length n, K at least 1; not changed.</param>
    /// <param name="products">
    /// K vectors of length n that do not overlap <paramref name="vectors"/>; overwritten.
    /// </param>
    void Apply(VectorBlock vectors, VectorBlock products);
}
