using OpposingSignals.Devices;
using OpposingSignals.Optimizers;

namespace OpposingSignals.Curvature;

/// <summary>
/// P⁻¹ᐟ² A P⁻¹ᐟ² for a curvature matrix A and an optimiser's P, with the eigenvalues of P⁻¹A. Its largest one is the
/// preconditioned sharpness of Cohen et al. 2022 (arXiv 2207.14484), which an optimiser with momentum β₁ and step size
/// η keeps at (2 + 2β₁)/((1 − β₁)η).
/// </summary>
/// <remarks>
/// If u is an eigenvector here, then P⁻¹ᐟ² u is one of P⁻¹A; see <see cref="StabilityDirections"/>.
/// </remarks>
/// <param name="curvature">A.</param>
/// <param name="preconditioner">P, at the point of <paramref name="curvature"/>.</param>
public sealed class PreconditionedOperator(ISymmetricOperator curvature, Preconditioner preconditioner)
    : ISymmetricOperator
{
    /// <inheritdoc/>
    public Device Device => curvature.Device;

    /// <inheritdoc/>
    public Precision Precision => curvature.Precision;

    /// <inheritdoc/>
    public long Dimension => curvature.Dimension;

    /// <summary>The operator for a P; A itself where there is none.</summary>
    public static ISymmetricOperator Of(ISymmetricOperator curvature, Preconditioner? preconditioner) =>
        preconditioner is null ? curvature : new PreconditionedOperator(curvature, preconditioner);

    /// <inheritdoc/>
    public void Apply(VectorBlock vectors, VectorBlock products)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        using var scaled = new VectorBlock(Device, Precision, vectors.Count, vectors.Length);
        preconditioner.MultiplyByInverseRoot(vectors, scaled);
        curvature.Apply(scaled, products);
        preconditioner.MultiplyByInverseRoot(products, products);
    }
}
