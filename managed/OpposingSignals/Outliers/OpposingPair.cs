namespace OpposingSignals.Outliers;

/// <summary>Two camps of samples of which one's losses fall where the other's rise.</summary>
public sealed record OpposingPair
{
    /// <summary>
    /// The camp whose losses rise on even steps, if it alternates; else the one that rises at the largest move.
    /// </summary>
    public required SampleGroup Up { get; init; }

    /// <summary>The camp that moves against <see cref="Up"/>.</summary>
    public required SampleGroup Down { get; init; }

    /// <summary>
    /// Correlation of the two camps' mean loss changes from <see cref="OpposedFrom"/> to <see cref="OpposedTo"/>; −1 is
    /// perfect opposition.
    /// </summary>
    public required double TrajectoryOpposition { get; init; }

    /// <summary>The first step at which the camps oppose each other, of the window in which they were found.</summary>
    public required long OpposedFrom { get; init; }

    /// <summary>
    /// The last such step; a pair that has ended opposed each other earlier in the window than at its end.
    /// </summary>
    public required long OpposedTo { get; init; }

    /// <summary>How likely chance alone gives such a pair; null where it was not tested.</summary>
    public PairSignificance? Significance { get; init; }

    /// <summary>Share of the window's Σ d² over all samples and steps that both camps hold.</summary>
    public double EnergyShare => Up.EnergyShare + Down.EnergyShare;

    /// <summary>Samples in both camps.</summary>
    public int Size => Up.Indices.Length + Down.Indices.Length;

    /// <summary>Share of samples that two pairs have in common: |A ∩ B| / |A ∪ B|, whatever their camps.</summary>
    public double Overlap(OpposingPair other)
    {
        ArgumentNullException.ThrowIfNull(other);
        HashSet<int> samples = [.. Up.Indices, .. Down.Indices];
        int common = other.Up.Indices.Count(samples.Contains) + other.Down.Indices.Count(samples.Contains);
        return (double)common / (Size + other.Size - common);
    }
}
