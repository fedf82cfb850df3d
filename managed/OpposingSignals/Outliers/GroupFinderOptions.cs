namespace OpposingSignals.Outliers;

/// <summary>Thresholds of <see cref="GroupFinder"/>; the number of groups is not among them.</summary>
public sealed record GroupFinderOptions
{
    /// <summary>The defaults.</summary>
    public static GroupFinderOptions Default { get; } = new();

    /// <summary>
    /// A mover's root-mean-square change, freed of drift, lies this many robust standard deviations above the median,
    /// one being (upper quartile − median) / 0.6745.
    /// </summary>
    public double MoverDeviations { get; init; } = 5;

    /// <summary>A mover's root-mean-square change is at least this multiple of the median.</summary>
    public double MoverRatio { get; init; } = 2;

    /// <summary>The share of samples that counts as the upper tail where sizes have no gap.</summary>
    public double TailShare { get; init; } = 0.05;

    /// <summary>
    /// How many times the median size that tail must exceed to count; normally distributed loadings reach 2.9.
    /// </summary>
    public double TailRatio { get; init; } = 4;

    /// <summary>Largest number of movers; the largest changes are taken.</summary>
    public int MaximumMovers { get; init; } = 512;

    /// <summary>
    /// Two trajectories belong to one direction if the absolute cosine of their shapes, freed of noise, reaches this.
    /// </summary>
    public double SameDirection { get; init; } = 0.94;

    /// <summary>Absolute correlation with the direction that a member needs.</summary>
    public double MemberCorrelation { get; init; } = 0.6;

    /// <summary>Samples that a camp needs.</summary>
    public int MinimumCamp { get; init; } = 3;

    /// <summary>Correlation of the camps' mean loss changes from which on down they form a pair.</summary>
    public double MaximumOpposition { get; init; } = -0.5;
}
