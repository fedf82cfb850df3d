namespace OpposingSignals.Outliers;

/// <summary>How likely chance alone gives a pair. Both tests count; neither knows labels or inputs.</summary>
public sealed record PairSignificance
{
    /// <summary>Confidence at which a pair counts as confirmed unless another is asked for.</summary>
    public const double DefaultConfidence = 0.99;

    /// <summary>
    /// Probability that as many samples respond as strongly to the tracked directions, were the pair's members drawn
    /// from the tail of all other samples (generalised Pareto through their quartiles), times the number of pairs
    /// tested.
    /// </summary>
    public required double Outliers { get; init; }

    /// <summary>
    /// Share of random subsets as large as the camps, out of <see cref="Subsets"/> and the pair itself, whose mean loss
    /// changes move as far against each other over the steps at which the pair opposes.
    /// </summary>
    public required double Opposition { get; init; }

    /// <summary>Pairs of random subsets drawn for <see cref="Opposition"/>.</summary>
    public required int Subsets { get; init; }

    /// <summary>The larger of the two.</summary>
    public double Probability => Math.Max(Outliers, Opposition);

    /// <summary>Whether chance is ruled out at a confidence.</summary>
    public bool Confirms(double confidence = DefaultConfidence) => Probability <= 1 - confidence;
}
