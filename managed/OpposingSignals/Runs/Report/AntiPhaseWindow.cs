using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>Finds the stretch of a run in which two camps' losses oppose each other most visibly.</summary>
internal static class AntiPhaseWindow
{
    /// <summary>
    /// The first step of the window of so many steps, from <paramref name="from"/> on, with the largest Σ −Δa Δb over
    /// one-step changes of both series; null if there is no such change.
    /// </summary>
    public static long? Find(ReportSeries a, ReportSeries b, long from, int steps)
    {
        List<(long Step, double Opposition)> changes = Changes(a, b, from);
        if (changes.Count == 0)
        {
            return null;
        }

        long start = changes[0].Step;
        double best = double.NegativeInfinity, sum = 0;
        int first = 0;
        foreach ((long step, double opposition) in changes)
        {
            sum += opposition;
            while (changes[first].Step <= step - steps)
            {
                sum -= changes[first].Opposition;
                first++;
            }

            if (sum > best)
            {
                (best, start) = (sum, changes[first].Step);
            }
        }

        return start;
    }

    /// <summary>The part of a series within [first, last].</summary>
    public static ReportSeries Cut(ReportSeries series, long first, long last)
    {
        int from = LowerBound(series.Steps, first), to = LowerBound(series.Steps, last + 1);
        return new ReportSeries(series.Steps[from..to], series.Values[from..to]);
    }

    /// <summary>One-step changes of a series, where it has adjacent steps.</summary>
    public static ReportSeries Changes(ReportSeries series)
    {
        int[] rows = [.. Enumerable.Range(0, series.Steps.Length)
            .Where(i => i > 0 && series.Steps[i] == series.Steps[i - 1] + 1)];
        return new ReportSeries(
            [.. rows.Select(i => series.Steps[i])], [.. rows.Select(i => series.Values[i] - series.Values[i - 1])]);
    }

    private static List<(long Step, double Opposition)> Changes(ReportSeries a, ReportSeries b, long from)
    {
        ReportSeries changesA = Changes(a), changesB = Changes(b);
        var products = new List<(long Step, double Opposition)>();
        for (int i = 0, j = 0; i < changesA.Steps.Length && j < changesB.Steps.Length;)
        {
            long stepA = changesA.Steps[i], stepB = changesB.Steps[j];
            if (stepA == stepB)
            {
                double opposition = -changesA.Values[i] * changesB.Values[j];
                if (stepA >= from && double.IsFinite(opposition))
                {
                    products.Add((stepA, opposition));
                }
            }

            i += stepA <= stepB ? 1 : 0;
            j += stepB <= stepA ? 1 : 0;
        }

        return products;
    }

    private static int LowerBound(ImmutableArray<long> steps, long value)
    {
        int found = steps.BinarySearch(value);
        return found < 0 ? ~found : found;
    }
}
