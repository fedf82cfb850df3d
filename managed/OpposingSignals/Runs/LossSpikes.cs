using OpposingSignals.Outliers;

namespace OpposingSignals.Runs;

/// <summary>Finds the steps at which the mean loss rose, and which pair moved it.</summary>
internal static class LossSpikes
{
    private const double LeastRise = 0.02;
    private const int Listed = 8;

    /// <summary>
    /// The largest rises among the steps whose changes the history holds, and the first after the crossing.
    /// </summary>
    public static IReadOnlyList<SpikeRecord> Find(LossHistory history, long? crossing, IReadOnlyList<PairRecord> pairs)
    {
        var spikes = new List<SpikeRecord>();
        for (int row = 1; row < history.Count; row++)
        {
            if (history.StepAt(row - 1) != history.StepAt(row) - 1)
            {
                continue;
            }

            double[] changes = Changes(history, row, out double before);
            double rise = changes.Sum() / changes.Length / before;
            if (rise > LeastRise)
            {
                spikes.Add(Explain(history.StepAt(row), rise, changes, pairs));
            }
        }

        long? first = FirstAfter(crossing, spikes);
        return
        [
            .. spikes.OrderByDescending(spike => spike.Rise)
                .Where((spike, rank) => rank < Listed || spike.Step == first),
        ];
    }

    /// <summary>The step of the first rise after the edge was reached; null for none.</summary>
    public static long? FirstAfter(long? crossing, IEnumerable<SpikeRecord> spikes) =>
        spikes.Where(spike => spike.Step > crossing).Select(spike => (long?)spike.Step).Min();

    private static SpikeRecord Explain(long step, double rise, double[] changes, IReadOnlyList<PairRecord> pairs)
    {
        double all = changes.Sum(), rising = changes.Sum(d => Math.Max(d, 0));
        double strongest = changes.OrderDescending()
            .Take((changes.Length + 99) / 100).Sum(d => Math.Max(d, 0)) / rising;
        PairRecord? leading = pairs.MaxBy(pair => Members(pair).Sum(i => changes[i]));
        return leading is null
            ? new SpikeRecord(step, rise, null, null, null, strongest)
            : new SpikeRecord(
                step,
                rise,
                leading.Name,
                Members(leading).Sum(i => changes[i]) / all,
                Members(leading).Sum(i => Math.Max(changes[i], 0)) / rising,
                strongest);
    }

    private static IEnumerable<int> Members(PairRecord pair) => pair.Up.Indices.Concat(pair.Down.Indices);

    private static double[] Changes(LossHistory history, int row, out double meanBefore)
    {
        ReadOnlySpan<float> now = history.LossesAt(row), before = history.LossesAt(row - 1);
        double[] changes = new double[now.Length];
        meanBefore = 0;
        for (int i = 0; i < changes.Length; i++)
        {
            changes[i] = (double)now[i] - before[i];
            meanBefore += before[i];
        }

        meanBefore /= changes.Length;
        return changes;
    }
}
