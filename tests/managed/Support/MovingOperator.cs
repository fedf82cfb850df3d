using OpposingSignals.Curvature;
using OpposingSignals.Devices;

namespace OpposingSignals.Tests.Support;

/// <summary>
/// A(θ) = V(θ) diag(outliers(θ)) V(θ)ᵀ + P B P with P = I − V Vᵀ and B a diagonal over a bulk interval: the outlying
/// eigenpairs are known exactly and the other eigenvalues lie in the bulk.
/// </summary>
public sealed class MovingOperator(
    Device device, Precision precision, double[] outliers, double[][] vectors, double[] bulk)
    : ISymmetricOperator
{
    public Device Device { get; } = device;

    public Precision Precision { get; } = precision;

    public long Dimension => bulk.Length;

    /// <summary>The outlying eigenvalues, in the order of <see cref="Vectors"/>.</summary>
    public double[] Outliers { get; } = outliers;

    /// <summary>Their orthonormal eigenvectors.</summary>
    public double[][] Vectors { get; } = vectors;

    public void Apply(VectorBlock vectors, VectorBlock products)
    {
        int n = bulk.Length;
        double[] values = vectors.ToArray();
        for (int row = 0; row < vectors.Count; row++)
        {
            Span<double> x = values.AsSpan(row * n, n);
            double[] inside = RemoveOutliers(x);
            System.Numerics.Tensors.TensorPrimitives.Multiply(x, bulk, x);
            RemoveOutliers(x);
            for (int i = 0; i < Vectors.Length; i++)
            {
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(Vectors[i], Outliers[i] * inside[i], x, x);
            }
        }

        products.CopyFrom(values);
    }

    private double[] RemoveOutliers(Span<double> x)
    {
        double[] inside = new double[Vectors.Length];
        for (int i = 0; i < Vectors.Length; i++)
        {
            inside[i] = System.Numerics.Tensors.TensorPrimitives.Dot(Vectors[i], x);
            System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(Vectors[i], -inside[i], x, x);
        }

        return inside;
    }
}
