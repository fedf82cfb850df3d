namespace OpposingSignals.Curvature;

/// <summary>
/// An operator returned NaN or infinity: the point of measurement has diverged or the product overflowed.
/// </summary>
public sealed class NonFiniteOperatorException(int product)
    : InvalidOperationException(
        $"Product {product} of this solve holds NaN or infinity. Check that the parameters and the loss are finite at " +
        "this point, and that the precision covers the range of the operator.")
{
    /// <summary>Which product of the solve it was, counted per vector from 1.</summary>
    public int Product { get; } = product;
}
