using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>A curvature matrix of the mean loss at a fixed θ, as a symmetric operator for the eigensolvers.</summary>
/// <param name="point">The point; it must stay valid while the operator is used.</param>
/// <param name="kind">Which matrix.</param>
public sealed class CurvatureOperator(LinearizationPoint point, ProductKind kind) : ISymmetricOperator
{
    /// <inheritdoc/>
    public Device Device => point.Parameters.Device;

    /// <inheritdoc/>
    public Precision Precision => point.Parameters.Precision;

    /// <inheritdoc/>
    public long Dimension => point.Parameters.Length;

    /// <inheritdoc/>
    public void Apply(VectorBlock vectors, VectorBlock products) => point.Multiply(kind, vectors, products);
}
