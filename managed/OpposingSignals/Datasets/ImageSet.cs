namespace OpposingSignals.Datasets;

/// <summary>Pictures of one size with 8-bit samples, as they were before any normalisation.</summary>
public sealed class ImageSet
{
    private readonly byte[] _samples;

    /// <summary>Wraps samples without a copy; they must not be changed afterwards.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 for grey, 3 for red, green, blue.</param>
    /// <param name="samples">Picture by picture in the order H, W, C.</param>
    /// <exception cref="ArgumentException">The samples are not a whole number of such pictures.</exception>
    public ImageSet(int width, int height, int channels, byte[] samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentNullException.ThrowIfNull(samples);
        if (channels is not (1 or 3))
        {
            throw new ArgumentException($"Pictures have 1 or 3 channels, not {channels}.", nameof(channels));
        }

        int size = checked(width * height * channels);
        if (samples.Length % size != 0)
        {
            throw new ArgumentException(
                $"{samples.Length} samples are not a whole number of pictures of {height} x {width} x {channels}.",
                nameof(samples));
        }

        Width = width;
        Height = height;
        Channels = channels;
        Count = samples.Length / size;
        _samples = samples;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows of pixels.</summary>
    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Number of pictures.</summary>
    public int Count { get; }

    /// <summary>Samples of one picture.</summary>
    public int Size => Width * Height * Channels;

    /// <summary>The samples of picture <paramref name="i"/> in the order H, W, C.</summary>
    public ReadOnlySpan<byte> this[int i]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(i);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(i, Count);
            return _samples.AsSpan(i * Size, Size);
        }
    }

    /// <summary>A copy of the first pictures, which lets go of the others.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not that many.</exception>
    public ImageSet Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        return new ImageSet(Width, Height, Channels, _samples[..(count * Size)]);
    }
}
