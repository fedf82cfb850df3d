namespace OpposingSignals.Datasets;

/// <summary>
/// What <see cref="PlantedImages"/> makes. Amplitudes are root mean squares over a picture in grey levels, before
/// samples are limited to 0 .. 255.
/// </summary>
public sealed record PlantedImagesOptions
{
    /// <summary>Training pictures; the test set has a fifth as many.</summary>
    public int Samples { get; init; } = 2000;

    /// <summary>Pairs of camps, from 0 to half the classes: pair p lies in classes 2p and 2p + 1.</summary>
    public int Pairs { get; init; } = 1;

    /// <summary>Seed of every random number.</summary>
    public ulong Seed { get; init; }

    /// <summary>Classes, from 2 to 10.</summary>
    public int Classes { get; init; } = 10;

    /// <summary>Size of one camp as a share of the samples.</summary>
    public double Share { get; init; } = 0.01;

    /// <summary>Rows, and pixels in a row, of a picture.</summary>
    public int Side { get; init; } = 16;

    /// <summary>Amplitude of the pattern that tells the class.</summary>
    public double SignalAmplitude { get; init; } = 10;

    /// <summary>Standard deviation of the noise in every sample of a picture.</summary>
    public double NoiseAmplitude { get; init; } = 24;

    /// <summary>Amplitude of the colour that the camps of a pair share.</summary>
    public double FeatureAmplitude { get; init; } = 96;
}
