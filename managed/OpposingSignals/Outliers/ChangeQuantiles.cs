namespace OpposingSignals.Outliers;

/// <summary>
/// Quantiles of the samples' loss changes over one step, interpolated linearly between order statistics: the quantile p
/// of n values lies at position p (n − 1) of the sorted values.
/// </summary>
/// <param name="Percent1">The 1 % quantile.</param>
/// <param name="Percent25">The lower quartile.</param>
/// <param name="Percent50">The median.</param>
/// <param name="Percent75">The upper quartile.</param>
/// <param name="Percent99">The 99 % quantile.</param>
public readonly record struct ChangeQuantiles(
    double Percent1, double Percent25, double Percent50, double Percent75, double Percent99)
{
    /// <summary>The quantiles of no values: all NaN.</summary>
    public static ChangeQuantiles None { get; } = new(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
}
