using OpposingSignals.Outliers;
using OpposingSignals.Runs.Signals;

namespace OpposingSignals.Runs.Report;

/// <summary>A pair of opposing groups and what is known of it.</summary>
public sealed record ReportPair
{
    /// <summary>The letter that it keeps through the run.</summary>
    public required string Name { get; init; }

    /// <summary>What its first camp is called.</summary>
    public string UpName => $"{Name} up";

    /// <summary>What the camp that opposes it is called.</summary>
    public string DownName => $"{Name} down";

    /// <summary>The camp whose losses rise on even steps.</summary>
    public required ReportCamp Up { get; init; }

    /// <summary>The camp that moves against it.</summary>
    public required ReportCamp Down { get; init; }

    /// <summary>
    /// Correlation of the two camps' mean loss changes from <see cref="OpposedFrom"/> to <see cref="OpposedTo"/>; −1 is
    /// perfect opposition.
    /// </summary>
    public double? Opposition { get; init; }

    /// <summary>First and last step between which the camps oppose each other; null where that is not known.</summary>
    public long? OpposedFrom { get; init; }

    /// <inheritdoc cref="OpposedFrom"/>
    public long? OpposedTo { get; init; }

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

    /// <summary>The eigenvector that it belongs to; null where that was not measured.</summary>
    public PairDirection? Direction { get; init; }

    /// <summary>What the camps share and what divides them; null where it was not measured.</summary>
    public SignalRecord? Signal { get; init; }

    /// <summary>Mean picture of each camp as a PNG file; empty without pictures, like those below.</summary>
    public ReadOnlyMemory<byte> UpMeanPng { get; init; }

    /// <inheritdoc cref="UpMeanPng"/>
    public ReadOnlyMemory<byte> DownMeanPng { get; init; }

    /// <summary>
    /// Mean picture of the first camp minus that of the other around mid-grey: what divides the camps.
    /// </summary>
    public ReadOnlyMemory<byte> DifferencePng { get; init; }

    /// <summary>Mean picture of both camps minus that of all samples around mid-grey: what the camps share.</summary>
    public ReadOnlyMemory<byte> SharedPng { get; init; }

    /// <summary>
    /// The change of an input that moves the pair's output most along the top eigenvector, around mid-grey.
    /// </summary>
    public ReadOnlyMemory<byte> DirectionPng { get; init; }
}
