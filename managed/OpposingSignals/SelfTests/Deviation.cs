using OpposingSignals.Devices;

namespace OpposingSignals.SelfTests;

/// <summary>How far numbers may be, and are, from exact ones.</summary>
internal static class Deviation
{
    /// <summary>
    /// What a bound allows beyond the expected rounding: sums that cancel and the few operations around them. A wrong
    /// element is off by 1 or so, many orders more.
    /// </summary>
    public const double Safety = 8;

    /// <summary>
    /// Expected rounding of a sum of n products relative to its size. Additions: a random walk, √n u (Higham and Mary
    /// 2019); on tensor cores, which truncate towards zero and so err to one side, u for each of up to three
    /// instructions per eight terms. What the operands lost: the error of one term, since the errors of terms of either
    /// sign cancel as the terms do.
    /// </summary>
    public static double OfSum(
        long terms, Precision precision, ProductArithmetic arithmetic = ProductArithmetic.Float32)
    {
        double unit = precision.UnitRoundoff();
        return precision == Precision.Float64 || arithmetic == ProductArithmetic.Float32
            ? Math.Sqrt(terms) * unit
            : arithmetic.TermError() + (3.0 / 8 * terms * unit);
    }

    /// <summary>The largest difference relative to the largest exact element; NaN where either side has one.</summary>
    public static double Between(ReadOnlySpan<double> exact, ReadOnlySpan<double> measured)
    {
        if (exact.Length != measured.Length)
        {
            return double.NaN;
        }

        double scale = 0, worst = 0;
        foreach (double value in exact)
        {
            scale = Math.Max(scale, Math.Abs(value));
        }

        for (int i = 0; i < exact.Length; i++)
        {
            double error = Math.Abs(exact[i] - measured[i]);

            // Written so that a NaN is kept, whichever side it is on.
            worst = error <= worst ? worst : error;
        }

        return scale == 0 ? worst : worst / scale;
    }
}
