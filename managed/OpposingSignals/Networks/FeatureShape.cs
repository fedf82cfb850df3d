namespace OpposingSignals.Networks;

/// <summary>
/// Shape of one sample's features, channels last: an image is H x W x C, a vector of F features is 1 x 1 x F, a
/// sequence of T tokens of width C is 1 x T x C.
/// </summary>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="Channels">C.</param>
public readonly record struct FeatureShape(int Height, int Width, int Channels)
{
    /// <summary>Number of features, H·W·C.</summary>
    public int Size => checked(Height * Width * Channels);

    /// <summary>Positions that each have C channels, H·W: pixels of an image, tokens of a sequence.</summary>
    public int Positions => checked(Height * Width);

    /// <summary>A vector of <paramref name="features"/> features.</summary>
    public static FeatureShape Vector(int features) => new(1, 1, features);

    /// <summary>
    /// A sequence of <paramref name="positions"/> tokens, each of <paramref name="channels"/> numbers.
    /// </summary>
    public static FeatureShape Sequence(int positions, int channels) => new(1, positions, channels);

    /// <inheritdoc/>
    public override string ToString() => Height == 1 && Width == 1 ? $"{Channels}" : $"{Height}x{Width}x{Channels}";
}
