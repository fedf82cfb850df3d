using System.Collections.Immutable;

namespace OpposingSignals.Outliers;

/// <summary>A camp: samples whose losses move together.</summary>
/// <remarks>
/// With u the unit vector [T] of the common trajectory and d the loss changes of a member, freed of drift and centred,
/// the strength of the member is |⟨d, u⟩| / √T, its root-mean-square loss change along u.
/// </remarks>
public sealed record SampleGroup
{
    /// <summary>Sample indices, strongest first, ties by index.</summary>
    public required ImmutableArray<int> Indices { get; init; }

    /// <summary>The strength of each member, in units of the loss per step.</summary>
    public required ImmutableArray<double> Strengths { get; init; }

    /// <summary>|⟨d, u⟩| / |d| of each member: 1 if it does nothing but follow the group.</summary>
    public required ImmutableArray<double> Correlations { get; init; }

    /// <summary>
    /// The alternation (<see cref="AlternationScore"/>) of the camp's mean loss change over the window.
    /// </summary>
    public required double Alternation { get; init; }

    /// <summary>Share of the window's Σ d² over all samples and steps that the members hold.</summary>
    public required double EnergyShare { get; init; }

    /// <summary>The mean loss of the camp at every row of a history.</summary>
    public double[] MeanLosses(LossHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return history.MeanLosses(Indices.AsSpan());
    }
}
