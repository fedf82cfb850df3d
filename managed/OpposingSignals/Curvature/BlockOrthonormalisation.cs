using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>Orthonormalises a block of directions against a basis and within itself, dropping dependent ones.</summary>
/// <remarks>
/// Block classical Gram-Schmidt, repeated at least once ("twice is enough": Giraud, Langou, Rozložník and van den Eshof
/// 2005), with the singular-value orthonormalisation of a block through its Gram matrix (Stathopoulos and Wu 2002). The host
/// waits for the device once a pass, whatever the number of vectors: for the Gram matrix. Projections stay on the device.
/// </remarks>
internal static class BlockOrthonormalisation
{
    private const int MinimumPasses = 2;
    private const int MaximumPasses = 4;

    // Relative eigenvalue of the scaled Gram matrix, the square of a singular value: 1e-6 is above the rounding of float32
    // and of a float64 Gram matrix.
    private const double DependentGramEigenvalue = 1e-12;

    // A pass that keeps this much of every squared length has nothing left to clean up.
    private const double SettledSquare = 0.5;

    /// <summary>Writes an orthonormal basis of the candidates' part outside <paramref name="basis"/>.</summary>
    /// <param name="basis">Orthonormal vectors, possibly none.</param>
    /// <param name="candidates">Directions; overwritten.</param>
    /// <param name="destination">At least as many rows as candidates.</param>
    /// <returns>The number of rows written, from 0 to the number of candidates. A direction is dropped where less than √u of
    /// its length is outside the basis, since half of its digits and more would then be rounding, or where it is not finite.</returns>
    public static int Run(VectorBlock basis, VectorBlock candidates, VectorBlock destination)
    {
        double dropTolerance = Math.Sqrt(candidates.Precision.UnitRoundoff());
        VectorBlock from = candidates;
        using DeviceMatrix asGiven = from.InnerProductsOnDevice(from);
        double[] before = [];
        for (int pass = 1; ; pass++)
        {
            if (basis.Count > 0)
            {
                from.SubtractProjection(basis);
            }

            double[,] gram = from.InnerProducts(from);
            if (pass == 1)
            {
                before = SquaredNorms(asGiven.ToHost());
            }

            double smallestShare = pass == 1 ? dropTolerance * dropTolerance : pass > MinimumPasses ? SettledSquare / 2 : 0;
            double[,] coefficients = Whitening(gram, before, smallestShare, out bool settled);
            int kept = coefficients.GetLength(1);
            if (kept == 0)
            {
                return 0;
            }

            // The block moves between the two buffers, since a combination cannot overwrite its input.
            bool returns = pass % 2 == 0;
            VectorBlock to = (returns ? candidates : destination).Rows(0, kept);
            to.Combine(from, coefficients);
            if (pass >= MinimumPasses && (settled || pass == MaximumPasses))
            {
                if (returns)
                {
                    destination.Rows(0, kept).CopyFrom(to);
                }

                return kept;
            }

            from = to;
            before = new double[kept];
            Array.Fill(before, 1);
        }
    }

    private static double[] SquaredNorms(double[,] gram) =>
        [.. Enumerable.Range(0, gram.GetLength(0)).Select(i => gram[i, i])];

    // Coefficients C with Cᵀ G C = I on the numerical range of G.
    private static double[,] Whitening(double[,] gram, double[] before, double smallestShare, out bool settled)
    {
        int[] rows = [.. Enumerable.Range(0, before.Length).Where(i =>
            double.IsFinite(gram[i, i]) && gram[i, i] > smallestShare * before[i])];
        double[] inverseNorm = [.. rows.Select(i => 1 / Math.Sqrt(gram[i, i]))];
        double[,] scaled = new double[rows.Length, rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows.Length; j++)
            {
                scaled[i, j] = gram[rows[i], rows[j]] * inverseNorm[i] * inverseNorm[j];
            }
        }

        SymmetricEigen eigen = SymmetricEigen.Of(scaled, rows.Length);
        int kept = eigen.Values.Count(value => value > DependentGramEigenvalue * eigen.Values[0]);
        double[,] coefficients = new double[before.Length, kept];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < kept; j++)
            {
                coefficients[rows[i], j] = inverseNorm[i] * eigen.Vectors[i, j] / Math.Sqrt(eigen.Values[j]);
            }
        }

        settled = kept == before.Length && eigen.Values[kept - 1] >= SettledSquare &&
            rows.All(i => gram[i, i] >= SettledSquare * before[i]);
        return coefficients;
    }
}
