using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace OpposingSignals.Curvature;

/// <summary>
/// Eigenpairs of a small dense symmetric matrix in float64: S = Y diag(Values) Yᵀ, values descending.
/// </summary>
internal sealed class SymmetricEigen
{
    private SymmetricEigen(double[] values, double[,] vectors)
    {
        Values = values;
        Vectors = vectors;
    }

    /// <summary>Eigenvalues, descending.</summary>
    public double[] Values { get; }

    /// <summary>Orthonormal eigenvectors as columns.</summary>
    public double[,] Vectors { get; }

    /// <summary>
    /// Decomposes (S + Sᵀ) / 2 of the leading <paramref name="size"/> rows and columns; all must be finite.
    /// </summary>
    public static SymmetricEigen Of(double[,] matrix, int size)
    {
        if (size == 0)
        {
            return new SymmetricEigen([], new double[0, 0]);
        }

        Matrix<double> symmetric =
            Matrix<double>.Build.Dense(size, size, (i, j) => 0.5 * (matrix[i, j] + matrix[j, i]));
        Evd<double> decomposition = symmetric.Evd(Symmetricity.Symmetric);
        double[] values = [.. decomposition.EigenValues.Select(value => value.Real)];
        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => values[i])];
        double[,] vectors = new double[size, size];
        for (int j = 0; j < size; j++)
        {
            for (int i = 0; i < size; i++)
            {
                vectors[i, j] = decomposition.EigenVectors[i, order[j]];
            }
        }

        return new SymmetricEigen([.. order.Select(i => values[i])], vectors);
    }

    /// <summary>The columns <paramref name="indices"/> of <see cref="Vectors"/>.</summary>
    public double[,] Columns(ReadOnlySpan<int> indices) => SmallMatrix.Columns(Vectors, indices);
}
