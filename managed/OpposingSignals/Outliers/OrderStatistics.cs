using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Order statistics in expected linear time; the values must be numbers (no NaN) and are reordered.</summary>
internal static class OrderStatistics
{
    /// <summary>
    /// Reorders <paramref name="values"/> so that element <paramref name="rank"/> is the one that sorting would put
    /// there, no element before it is larger and none after it is smaller.
    /// </summary>
    public static double Select(Span<double> values, int rank)
    {
        uint random = 0x9E3779B9;
        int from = 0, to = values.Length;
        while (to - from > 1)
        {
            double pivot = Pivot(values[from..to], ref random);
            int below = from + Partition(values[from..to], pivot);
            if (rank < below)
            {
                to = below;
                continue;
            }

            // Values equal to the pivot are set apart too, so that a run of equal values ends the search.
            int notAbove = below + Partition(values[below..to], Math.BitIncrement(pivot));
            if (rank < notAbove)
            {
                return values[rank];
            }

            from = notAbove;
        }

        return values[rank];
    }

    /// <summary>Quantiles at ascending fractions, interpolated linearly at position p (n − 1).</summary>
    public static void Quantiles(Span<double> values, ReadOnlySpan<double> fractions, Span<double> quantiles)
    {
        int start = 0;
        for (int i = 0; i < fractions.Length; i++)
        {
            double position = fractions[i] * (values.Length - 1);
            int rank = (int)position;
            double lower = Select(values[start..], rank - start);
            start = rank;
            double upper = rank + 1 < values.Length ? TensorPrimitives.Min<double>(values[(rank + 1)..]) : lower;
            quantiles[i] = lower + ((position - rank) * (upper - lower));
        }
    }

    /// <summary>The median; reorders the values.</summary>
    public static double Median(Span<double> values)
    {
        Span<double> median = stackalloc double[1];
        Quantiles(values, [0.5], median);
        return median[0];
    }

    // Moves what is smaller than the pivot to the front and returns how many that are. Without a branch on the data: at
    // one value in two a branch would be mispredicted, which costs more than the moves.
    private static int Partition(Span<double> values, double pivot)
    {
        int smaller = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double value = values[i];
            values[i] = values[smaller];
            values[smaller] = value;
            smaller += value < pivot ? 1 : 0;
        }

        return smaller;
    }

    private static double Pivot(ReadOnlySpan<double> values, ref uint random)
    {
        double a = Draw(values, ref random), b = Draw(values, ref random), c = Draw(values, ref random);
        return Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
    }

    private static double Draw(ReadOnlySpan<double> values, ref uint random)
    {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        return values[(int)(random % (uint)values.Length)];
    }
}
