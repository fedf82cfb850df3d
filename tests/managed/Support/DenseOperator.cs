using OpposingSignals.Curvature;
using OpposingSignals.Devices;

namespace OpposingSignals.Tests.Support;

/// <summary>A dense symmetric matrix as an operator: products are computed on the host in float64.</summary>
public sealed class DenseOperator(Device device, Precision precision, double[,] matrix) : ISymmetricOperator
{
    public Device Device { get; } = device;

    public Precision Precision { get; } = precision;

    public long Dimension => Matrix.GetLength(0);

    public double[,] Matrix { get; } = matrix;

    /// <summary>Vectors multiplied so far.</summary>
    public int Products { get; private set; }

    public void Apply(VectorBlock vectors, VectorBlock products)
    {
        Products += vectors.Count;
        products.CopyFrom(Multiply(vectors.ToArray(), vectors.Count));
    }

    /// <summary>Row j of the result is the matrix times row j of the vectors.</summary>
    public double[] Multiply(double[] vectors, int count)
    {
        int n = Matrix.GetLength(0);
        double[] products = new double[count * n];
        for (int j = 0; j < count; j++)
        {
            for (int i = 0; i < n; i++)
            {
                double sum = 0;
                for (int k = 0; k < n; k++)
                {
                    sum += Matrix[i, k] * vectors[(j * n) + k];
                }

                products[(j * n) + i] = sum;
            }
        }

        return products;
    }
}
