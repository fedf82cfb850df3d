using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>What the network made of a probe over the run.</summary>
public sealed record ReportProbe
{
    /// <summary>The probe's name.</summary>
    public required string Name { get; init; }

    /// <summary>The picture as a PNG file; empty for arrays.</summary>
    public ReadOnlyMemory<byte> Png { get; init; }

    /// <summary>What <see cref="Outputs"/> are: class probabilities, or outputs.</summary>
    public required string OutputKind { get; init; }

    /// <summary>Its classes over the run, the one that was ever largest first.</summary>
    public ImmutableArray<KeyValuePair<string, ReportSeries>> Outputs { get; init; } = [];

    /// <summary>
    /// Norm of its activations before the last layer, over the mean norm of the training samples there.
    /// </summary>
    public ReportSeries RelativeNorm { get; init; } = ReportSeries.Empty;

    /// <summary>The norm itself.</summary>
    public ReportSeries Norm { get; init; } = ReportSeries.Empty;

    /// <summary>Relative norms by layer, from the first on.</summary>
    public ImmutableArray<ReportProbeLayer> Layers { get; init; } = [];
}

/// <summary>A probe's relative norm after a layer.</summary>
/// <param name="Name">The layer.</param>
/// <param name="First">At the first step.</param>
/// <param name="Largest">The largest of all steps.</param>
/// <param name="LargestStep">Its step.</param>
/// <param name="Last">At the last step.</param>
public sealed record ReportProbeLayer(string Name, double First, double Largest, long LargestStep, double Last);
