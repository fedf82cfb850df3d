using System.Collections.Immutable;

namespace OpposingSignals.Outliers;

/// <summary>What the losses of all samples say about one step.</summary>
/// <remarks>
/// d_i = ℓ_i(θ_t) − ℓ_i(θ_{t−1}). A change counts where both losses are finite; a step without a predecessor has none,
/// and then the statistics of d are NaN and the lists empty.
/// </remarks>
public sealed record StepSummary
{
    /// <summary>The step t.</summary>
    public required long Step { get; init; }

    /// <summary>Mean of the finite losses; NaN if there are none.</summary>
    public required double MeanLoss { get; init; }

    /// <summary>Samples whose loss is infinite or not a number; they take part in no other statistic.</summary>
    public required int NonFinite { get; init; }

    /// <summary>Samples with a change d_i.</summary>
    public required int Changes { get; init; }

    /// <summary>
    /// Share of the changes that are positive, mean_i 1[d_i &gt; 0]; about ½ at the edge of stability.
    /// </summary>
    public double RiseFraction { get; init; } = double.NaN;

    /// <summary>
    /// Σ of the largest 1 % of |d_i| over Σ |d_i| (at least one sample; 0 where nothing changed): 0.01 if all samples
    /// change alike, near 1 if a few carry all change.
    /// </summary>
    public double OutlierShare { get; init; } = double.NaN;

    /// <summary>Quantiles of d.</summary>
    public ChangeQuantiles Quantiles { get; init; } = ChangeQuantiles.None;

    /// <summary>The samples whose loss rose most, largest rise first, ties by index.</summary>
    public ImmutableArray<LossChange> Risers { get; init; } = [];

    /// <summary>The samples whose loss fell most, largest fall first, ties by index.</summary>
    public ImmutableArray<LossChange> Fallers { get; init; } = [];
}
