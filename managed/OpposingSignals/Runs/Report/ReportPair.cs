using OpposingSignals.Outliers;

namespace OpposingSignals.Runs.Report;

/// <summary>A pair of opposing groups and what is known of it.</summary>
public sealed record ReportPair
{
    /// <summary>Name, for example <c>Pair 1</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The camp whose losses rise on even steps.</summary>
    public required ReportCamp Up { get; init; }

    /// <summary>The camp that moves against it.</summary>
    public required ReportCamp Down { get; init; }

    /// <summary>Correlation of the two camps' mean loss changes; −1 is perfect opposition.</summary>
    public double? Opposition { get; init; }

    /// <summary>Share of the sharpness that the two camps carry: Σ_{i in pair} vᵀH_i v / Σ_i vᵀH_i v.</summary>
    public double? SharpnessShare { get; init; }

    /// <summary>Cosine of the two camps' mean loss gradients.</summary>
    public double? GradientCosine { get; init; }

    /// <summary>Share of Σ d² over the window in which the pair was found.</summary>
    public double? ChangeShare { get; init; }

    /// <summary>How likely chance gives the pair; null where it was not tested.</summary>
    public PairSignificance? Significance { get; init; }

    /// <summary>Its members against random samples; null where they were not measured.</summary>
    public OutlierChecks? Checks { get; init; }

    /// <summary>
    /// Mean picture of camp A minus that of camp B around mid-grey, as a PNG file: what the camps differ in. Empty without pictures.
    /// </summary>
    public ReadOnlyMemory<byte> DifferencePng { get; init; }

    /// <summary>Mean picture of both camps minus that of all samples around mid-grey: what the camps share.</summary>
    public ReadOnlyMemory<byte> SharedPng { get; init; }
}
