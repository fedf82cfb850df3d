using System.Collections.Immutable;

namespace OpposingSignals.Outliers;

/// <summary>What <see cref="GroupFinder"/> or <see cref="DirectionalGroupFinder"/> found in a window.</summary>
public sealed record Grouping
{
    /// <summary>Nothing was found.</summary>
    public static Grouping None { get; } = new() { Pairs = [], Unpaired = [], Movers = [], MoverThreshold = 0 };

    /// <summary>Pairs of opposing camps, largest share of Σ d² first.</summary>
    public required ImmutableArray<OpposingPair> Pairs { get; init; }

    /// <summary>Camps without an opponent, largest share of Σ d² first.</summary>
    public required ImmutableArray<SampleGroup> Unpaired { get; init; }

    /// <summary>The samples that stand out by the size of their loss changes, largest first: the candidates.</summary>
    public required ImmutableArray<int> Movers { get; init; }

    /// <summary>Root-mean-square loss change from which on a sample is a mover, in units of the loss.</summary>
    public required double MoverThreshold { get; init; }
}
