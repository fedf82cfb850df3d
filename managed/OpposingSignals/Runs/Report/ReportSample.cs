namespace OpposingSignals.Runs.Report;

/// <summary>One sample on a contact sheet.</summary>
public sealed record ReportSample
{
    /// <summary>Index in the data set.</summary>
    public required int Index { get; init; }

    /// <summary>Name of the class it is labelled with; null if it has none.</summary>
    public string? Label { get; init; }

    /// <summary>Name of the class that the network predicts; null if not known.</summary>
    public string? Prediction { get; init; }

    /// <summary>Probability that the network gives to <see cref="Prediction"/>, from 0 to 1.</summary>
    public double? Probability { get; init; }

    /// <summary>How strongly the sample belongs to its camp: its root-mean-square loss change along the pair.</summary>
    public double? Score { get; init; }

    /// <summary>The image as a PNG file; empty for a sample that is not an image.</summary>
    public ReadOnlyMemory<byte> ThumbnailPng { get; init; }

    /// <summary>What to show where there is no image: text, or a few numbers.</summary>
    public string? Excerpt { get; init; }
}
