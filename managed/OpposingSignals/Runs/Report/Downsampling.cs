namespace OpposingSignals.Runs.Report;

/// <summary>Thins a curve to what a screen can show.</summary>
internal static class Downsampling
{
    /// <summary>
    /// Indices to draw, ascending: of all values that fall into one pixel column the first, the smallest, the largest
    /// and the last, so that an oscillation keeps its envelope. A gap between finite values is kept as one index.
    /// </summary>
    /// <param name="columns">Pixel column of each value, ascending.</param>
    /// <param name="values">The values; those that are not finite are gaps.</param>
    public static List<int> Keep(ReadOnlySpan<int> columns, ReadOnlySpan<double> values)
    {
        var kept = new List<int>();
        int i = 0;
        while (i < values.Length)
        {
            if (!double.IsFinite(values[i]))
            {
                kept.Add(i);
                while (i < values.Length && !double.IsFinite(values[i]))
                {
                    i++;
                }

                continue;
            }

            int first = i, least = i, largest = i;
            for (; i < values.Length && columns[i] == columns[first] && double.IsFinite(values[i]); i++)
            {
                least = values[i] < values[least] ? i : least;
                largest = values[i] > values[largest] ? i : largest;
            }

            kept.AddRange(new SortedSet<int> { first, least, largest, i - 1 });
        }

        return kept;
    }
}
