namespace OpposingSignals.Outliers;

/// <summary>The rows of a window over which two camps' mean loss changes oppose each other, and how much.</summary>
/// <remarks>
/// A pair comes and goes: once the network has learned its camps through, other directions move them, and a correlation
/// over a window in which that happened says neither the one nor the other. The stretch is the run of adjacent rows
/// with the largest Σ_t (−sign(a_t b_t) − ½): longer is better as long as the camps move apart in three of four rows
/// that are added. Signs, because a few rows of a spike, in which every loss rises, outweigh hundreds of an oscillation
/// in size.
/// </remarks>
/// <param name="Start">First row.</param>
/// <param name="Length">
/// Rows; the whole window where the camps nowhere oppose each other for <see cref="Minimum"/> rows.
/// </param>
internal readonly record struct OpposingStretch(int Start, int Length)
{
    /// <summary>
    /// Rows that a stretch needs. Independent signs differ in three quarters of 32 rows with a probability of about
    /// 0.004.
    /// </summary>
    public const int Minimum = 32;

    private const double Threshold = 0.5;

    /// <summary>Finds the stretch of two trajectories of equal length.</summary>
    public static OpposingStretch Find(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var longest = new OpposingStretch(0, 0);
        double sum = 0, best = 0;
        int start = 0;
        for (int t = 0; t < a.Length; t++)
        {
            if (sum <= 0)
            {
                (sum, start) = (0, t);
            }

            double product = a[t] * b[t];
            sum += (product < 0 ? 1 : product > 0 ? -1 : 0) - Threshold;
            if (sum > best)
            {
                (best, longest) = (sum, new OpposingStretch(start, t + 1 - start));
            }
        }

        return longest.Length < Minimum ? new OpposingStretch(0, a.Length) : longest;
    }
}
