namespace OpposingSignals.Outliers;

/// <summary>How well found pairs agree with known ones.</summary>
/// <remarks>
/// Found and known pairs are matched one to one so that most samples agree. Within a matched pair the camps may be
/// exchanged as a whole; a sample in the wrong camp does not agree.
/// </remarks>
/// <param name="Precision">Share of the samples in found pairs that agree; 1 if nothing was found.</param>
/// <param name="Recall">Share of the samples in known pairs that agree; 1 if nothing was to be found.</param>
public readonly record struct GroupScore(double Precision, double Recall)
{
    /// <summary>Scores found pairs against known ones.</summary>
    /// <param name="found">The pairs that were found.</param>
    /// <param name="known">The two camps of each known pair; at most 16 pairs.</param>
    public static GroupScore Of(
        IReadOnlyCollection<OpposingPair> found, IReadOnlyList<(IReadOnlySet<int> Up, IReadOnlySet<int> Down)> known)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(known);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(known.Count, 16);

        // agreed[S]: most samples that agree when the pairs so far are matched within the set S of known pairs.
        int[] agreed = new int[1 << known.Count];
        foreach (OpposingPair pair in found)
        {
            int[] overlaps = [.. known.Select(k => Overlap(pair, k.Up, k.Down))];
            for (int set = agreed.Length - 1; set > 0; set--)
            {
                for (int k = 0; k < overlaps.Length; k++)
                {
                    if ((set & (1 << k)) != 0)
                    {
                        agreed[set] = Math.Max(agreed[set], agreed[set & ~(1 << k)] + overlaps[k]);
                    }
                }
            }
        }

        int foundSamples = found.Sum(pair => pair.Up.Indices.Length + pair.Down.Indices.Length);
        int knownSamples = known.Sum(k => k.Up.Count + k.Down.Count);
        return new GroupScore(
            foundSamples == 0 ? 1 : (double)agreed[^1] / foundSamples,
            knownSamples == 0 ? 1 : (double)agreed[^1] / knownSamples);
    }

    private static int Overlap(OpposingPair pair, IReadOnlySet<int> up, IReadOnlySet<int> down) => Math.Max(
        pair.Up.Indices.Count(up.Contains) + pair.Down.Indices.Count(down.Contains),
        pair.Up.Indices.Count(down.Contains) + pair.Down.Indices.Count(up.Contains));
}
