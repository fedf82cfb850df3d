using System.Collections.Immutable;

namespace OpposingSignals.Outliers;

/// <summary>A pair that was found in a run, under the name that it keeps.</summary>
public sealed record FollowedPair
{
    /// <summary>A, B, ..., Z, AA, ... in the order of appearance.</summary>
    public required string Name { get; init; }

    /// <summary>The step at which it was first found.</summary>
    public required long FirstStep { get; init; }

    /// <summary>The step at which it was last found.</summary>
    public required long LastStep { get; init; }

    /// <summary>How often it was found.</summary>
    public required int Sightings { get; init; }

    /// <summary>Mean |A ∩ B| / |A ∪ B| of its samples at consecutive sightings; NaN after the first.</summary>
    public required double Stability { get; init; }

    /// <summary>Correlation of the camps' mean loss changes when last found.</summary>
    public required double Opposition { get; init; }

    /// <summary>
    /// The probability of <see cref="PairSignificance"/> when last found; NaN where it was not tested.
    /// </summary>
    public required double Probability { get; init; }

    /// <summary>The first camp when last found, strongest first.</summary>
    public required ImmutableArray<int> Up { get; init; }

    /// <summary>The camp that moves against it.</summary>
    public required ImmutableArray<int> Down { get; init; }
}
