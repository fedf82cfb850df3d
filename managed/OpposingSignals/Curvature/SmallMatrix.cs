namespace OpposingSignals.Curvature;

/// <summary>Products of the small dense float64 matrices that steer blocks of long vectors.</summary>
internal static class SmallMatrix
{
    /// <summary>A · B.</summary>
    public static double[,] Multiply(double[,] a, double[,] b)
    {
        double[,] product = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int k = 0; k < b.GetLength(0); k++)
            {
                for (int j = 0; j < b.GetLength(1); j++)
                {
                    product[i, j] += a[i, k] * b[k, j];
                }
            }
        }

        return product;
    }

    /// <summary>Aᵀ.</summary>
    public static double[,] Transpose(double[,] a)
    {
        double[,] transpose = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                transpose[j, i] = a[i, j];
            }
        }

        return transpose;
    }

    /// <summary>factorA · A + factorB · B.</summary>
    public static double[,] Sum(double factorA, double[,] a, double factorB, double[,] b)
    {
        double[,] sum = new double[a.GetLength(0), a.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                sum[i, j] = (factorA * a[i, j]) + (factorB * b[i, j]);
            }
        }

        return sum;
    }

    /// <summary>factor · A.</summary>
    public static double[,] Scale(double factor, double[,] a) => Sum(factor, a, 0, a);

    /// <summary>The matrix with the given diagonal.</summary>
    public static double[,] Diagonal(ReadOnlySpan<double> diagonal)
    {
        double[,] matrix = new double[diagonal.Length, diagonal.Length];
        for (int i = 0; i < diagonal.Length; i++)
        {
            matrix[i, i] = diagonal[i];
        }

        return matrix;
    }

    /// <summary>The columns <paramref name="indices"/> of A.</summary>
    public static double[,] Columns(double[,] a, ReadOnlySpan<int> indices)
    {
        double[,] columns = new double[a.GetLength(0), indices.Length];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < indices.Length; j++)
            {
                columns[i, j] = a[i, indices[j]];
            }
        }

        return columns;
    }

    /// <summary>Column j of A times factors[j].</summary>
    public static double[,] ScaleColumns(double[,] a, ReadOnlySpan<double> factors)
    {
        double[,] scaled = new double[a.GetLength(0), a.GetLength(1)];
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
            {
                scaled[i, j] = a[i, j] * factors[j];
            }
        }

        return scaled;
    }
}
