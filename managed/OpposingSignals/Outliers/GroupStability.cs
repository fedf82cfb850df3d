namespace OpposingSignals.Outliers;

/// <summary>
/// Whether two searches, of other seeds or at other steps, found the same groups among the same samples.
/// </summary>
public static class GroupStability
{
    /// <summary>
    /// Matches the pairs of one search with those of another so that the sum of their overlaps |A ∩ B| / |A ∪ B| is
    /// largest, and asks how likely chance gives each overlap.
    /// </summary>
    /// <param name="first">Camps of the first search's pairs.</param>
    /// <param name="second">Camps of the other's.</param>
    /// <param name="samples">Samples N that both searched.</param>
    /// <returns>A match per pair of the first search that has one, largest overlap first.</returns>
    /// <exception cref="ArgumentException">A sample is not one of N.</exception>
    public static IReadOnlyList<PairMatch> Match(
        IReadOnlyList<PairSamples> first, IReadOnlyList<PairSamples> second, int samples)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Concat(second).SelectMany(pair => pair.All).Any(i => i < 0 || i >= samples))
        {
            throw new ArgumentException($"A pair has a sample that is not one of {samples}.", nameof(samples));
        }

        double[,] overlaps = new double[first.Count, second.Count];
        for (int a = 0; a < first.Count; a++)
        {
            for (int b = 0; b < second.Count; b++)
            {
                overlaps[a, b] = Overlap(first[a], second[b]);
            }
        }

        int[] partners = Assignment.Maximise(overlaps);
        return [.. Enumerable.Range(0, first.Count).Where(a => partners[a] >= 0 && overlaps[a, partners[a]] > 0)
            .Select(a => Describe(a, partners[a])).OrderByDescending(match => match.Overlap)];

        PairMatch Describe(int a, int b)
        {
            int sizeA = first[a].All.Count(), sizeB = second[b].All.Count();
            int common = first[a].All.Intersect(second[b].All).Count();
            int same = first[a].Up.Intersect(second[b].Up).Count() + first[a].Down.Intersect(second[b].Down).Count();
            double expected = (double)sizeA * sizeB / samples;

            // The match is the best of all combinations: each of them had its chance.
            double chance = Math.Min(1, first.Count * second.Count * TailOfCommon(samples, sizeA, sizeB, common));
            return new PairMatch(
                a, b, overlaps[a, b], expected / (sizeA + sizeB - expected), chance,
                Math.Max(same, common - same) / (double)common);
        }
    }

    private static double Overlap(PairSamples a, PairSamples b)
    {
        int common = a.All.Intersect(b.All).Count();
        return (double)common / (a.All.Count() + b.All.Count() - common);
    }

    /// <summary>P(at least k in common) of two random subsets of sizes a and b of n: the hypergeometric tail.</summary>
    internal static double TailOfCommon(int n, int a, int b, int k)
    {
        // Up to a factor, by the ratio of neighbouring terms from the mode's side; normalised in the end.
        double sum = 0, tail = 0, log = 0, largest = 0;
        int first = Math.Max(0, a + b - n), last = Math.Min(a, b);
        double[] logs = new double[last - first + 1];
        for (int common = first; common <= last; common++)
        {
            logs[common - first] = log;
            largest = Math.Max(largest, log);
            log += Math.Log((double)(a - common) * (b - common)) - Math.Log(
                (common + 1.0) * (n - a - b + common + 1.0));
        }

        for (int common = first; common <= last; common++)
        {
            double term = Math.Exp(logs[common - first] - largest);
            sum += term;
            tail += common >= k ? term : 0;
        }

        return tail / sum;
    }
}

/// <summary>The samples of a pair's camps.</summary>
/// <param name="Up">The first camp.</param>
/// <param name="Down">The camp that opposes it.</param>
public sealed record PairSamples(IReadOnlyList<int> Up, IReadOnlyList<int> Down)
{
    internal IEnumerable<int> All => Up.Concat(Down);
}

/// <summary>Two pairs that may be one.</summary>
/// <param name="First">Place of the pair in the first search.</param>
/// <param name="Second">Place of the pair in the other.</param>
/// <param name="Overlap">|A ∩ B| / |A ∪ B| of their samples.</param>
/// <param name="ExpectedByChance">About what random subsets of these sizes overlap.</param>
/// <param name="Probability">
/// That the best of as many random combinations has as many samples in common, at most (Bonferroni over all
/// combinations).
/// </param>
/// <param name="SidesAgree">
/// Share of the common samples that stand on the same side, up to the names of the camps; from ½ to 1.
/// </param>
public sealed record PairMatch(
    int First, int Second, double Overlap, double ExpectedByChance, double Probability, double SidesAgree);
