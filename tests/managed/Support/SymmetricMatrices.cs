using MathNet.Numerics.LinearAlgebra;

namespace OpposingSignals.Tests.Support;

/// <summary>Symmetric matrices with known spectra.</summary>
public static class SymmetricMatrices
{
    /// <summary>Names of the spectra of <see cref="Named"/>.</summary>
    public static string[] Names =>
    [
        "identity", "condition 1e3", "condition 1e5", "geometric", "ring", "clusters", "multiple", "outlier over bulk",
        "indefinite", "low rank", "zero", "one by one",
    ];

    /// <summary>The matrix of a name.</summary>
    public static double[,] Named(string name) => name switch
    {
        "identity" => Rotated([.. Enumerable.Repeat(1.0, 60)], seed: 1),
        "condition 1e3" => Rotated(Line(80, 1e-3, 1), seed: 2),
        "condition 1e5" => Rotated(Line(80, 1e-5, 1), seed: 3),
        "geometric" => Rotated([.. Enumerable.Range(0, 60).Select(i => Math.Pow(0.7, i))], seed: 4),
        "ring" => Ring(48),
        "clusters" => Rotated([.. Enumerable.Range(0, 60).Select(i => (1 + (i / 12)) + (1e-4 * (i % 12)))], seed: 5),
        "multiple" => Rotated([5, 5, 5, 4, 4, .. Line(60, -1, 2)], seed: 6),
        "outlier over bulk" => Rotated([1e4, .. Line(99, -0.5, 1)], seed: 7),
        "indefinite" => Rotated([-9, -8.5, 4, 3.5, 3, .. Line(70, -1, 1)], seed: 8),
        "low rank" => Rotated([5, 5, -3, .. new double[60]], seed: 9),
        "zero" => new double[40, 40],
        "one by one" => new double[,] { { -2.5 } },
        _ => throw new ArgumentException(name),
    };

    /// <summary>Q diag(values) Qᵀ with a random orthogonal Q.</summary>
    public static double[,] Rotated(double[] values, int seed)
    {
        int n = values.Length;
        var random = new Random(seed);
        Matrix<double> orthogonal = Matrix<double>.Build.Dense(n, n, (_, _) => random.NextDouble() - 0.5).QR().Q;
        Matrix<double> matrix = orthogonal * Matrix<double>.Build.DenseOfDiagonalArray(values) * orthogonal.Transpose();
        return ((matrix + matrix.Transpose()) / 2).ToArray();
    }

    /// <summary>The graph Laplacian of a ring: eigenvalues 2 − 2 cos(2πk/n), all inner ones double.</summary>
    public static double[,] Ring(int n)
    {
        double[,] matrix = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            matrix[i, i] = 2;
            matrix[i, (i + 1) % n] = matrix[(i + 1) % n, i] = -1;
        }

        return matrix;
    }

    /// <summary>Eigenvalues by an independent dense solver, descending.</summary>
    public static double[] Eigenvalues(double[,] matrix) =>
        [.. Matrix<double>.Build.DenseOfArray(matrix).Evd(Symmetricity.Symmetric).EigenValues
            .Select(value => value.Real).OrderDescending()];

    private static double[] Line(int count, double from, double to) =>
        [.. Enumerable.Range(0, count).Select(i => from + ((to - from) * i / (count - 1)))];
}
