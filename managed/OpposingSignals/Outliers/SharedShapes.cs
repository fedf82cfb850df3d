using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace OpposingSignals.Outliers;

/// <summary>
/// Coordinates of unit trajectories in the subspace that they share beyond chance. In T dimensions the noise of a
/// trajectory hides small differences of shape; in the few shared dimensions almost none of that noise is left.
/// </summary>
internal static class SharedShapes
{
    private const int MaximumDimensions = 32;

    // Margin over the asymptotic edge, for finite T and n.
    private const double EdgeMargin = 1.25;

    /// <summary>Coordinates [n][r]; r is 0 if the trajectories share nothing.</summary>
    /// <param name="trajectories">n centred trajectories of T steps and unit length.</param>
    /// <remarks>
    /// n independent unit trajectories have a Gram matrix with eigenvalues below about (1 + √(n/T))² (Marchenko and
    /// Pastur, 1967), T being the number of steps that matter. An eigenvector is kept while its eigenvalue is above
    /// that edge times the share of the squared lengths that the eigenvectors before it leave: once the common
    /// oscillation is taken out, little noise hides what tells pairs apart.
    /// </remarks>
    public static double[][] Coordinates(IReadOnlyList<double[]> trajectories)
    {
        int count = trajectories.Count;
        int steps = trajectories[0].Length;
        double edge = EdgeMargin * Math.Pow(1 + Math.Sqrt(count / EffectiveSteps(trajectories)), 2);

        // The smaller of the two Gram matrices: over samples, or over steps.
        bool overSamples = count <= steps;
        IReadOnlyList<double[]> rows = overSamples ? trajectories : Transpose(trajectories);
        Matrix<double> gram = Matrix<double>.Build.Dense(
            rows.Count, rows.Count, (i, j) => j > i ? 0 : TensorPrimitives.Dot<double>(rows[i], rows[j]));
        gram = gram + gram.StrictlyLowerTriangle().Transpose();
        Evd<double> eigen = gram.Evd(Symmetricity.Symmetric);

        double[][] coordinates = [.. trajectories.Select(_ => new double[MaximumDimensions])];
        int kept = 0;
        double left = 1;
        for (int j = rows.Count - 1; j >= 0 && kept < MaximumDimensions; j--, kept++)
        {
            double eigenvalue = eigen.EigenValues[j].Real;

            // Rounding leaves eigenvalues of about 1e-16 n where there is neither signal nor noise.
            if (eigenvalue <= (edge * left) + (1e-12 * count))
            {
                break;
            }

            left = Math.Max(0, left - (eigenvalue / count));
            double[] vector = eigen.EigenVectors.Column(j).ToArray();
            double length = Math.Sqrt(eigenvalue);
            for (int i = 0; i < count; i++)
            {
                coordinates[i][kept] = overSamples ? length * vector[i]
                    : TensorPrimitives.Dot<double>(trajectories[i], vector);
            }
        }

        return [.. coordinates.Select(c => c[..kept])];
    }

    // Independent trajectories look alike if all of them have their changes at the same few steps. With the energy E_t
    // at each step, (Σ E)² / Σ E² counts the steps that matter. Taking out drift leaves half of the frequencies.
    private static double EffectiveSteps(IReadOnlyList<double[]> trajectories)
    {
        double[] energy = new double[trajectories[0].Length];
        foreach (double[] trajectory in trajectories)
        {
            TensorPrimitives.MultiplyAdd<double>(trajectory, trajectory, energy, energy);
        }

        double sum = TensorPrimitives.Sum<double>(energy);
        return 0.5 * sum * sum / TensorPrimitives.SumOfSquares<double>(energy);
    }

    private static double[][] Transpose(IReadOnlyList<double[]> rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(t => rows.Select(row => row[t]).ToArray())];
}
