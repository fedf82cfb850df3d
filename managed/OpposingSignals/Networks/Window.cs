namespace OpposingSignals.Networks;

/// <summary>Sliding windows of convolutions and pools.</summary>
internal static class Window
{
    /// <summary>⌊(extent + 2 padding − kernel) / stride⌋ + 1.</summary>
    /// <exception cref="InputException">No window fits, or an argument is out of range.</exception>
    public static int OutputExtent(int extent, int kernel, int stride, int padding, string owner)
    {
        if (kernel < 1 || stride < 1 || padding < 0)
        {
            throw new InputException(
                $"{owner} needs kernel and stride of at least 1 and padding of at least 0, got {kernel}, {stride}, {padding}.");
        }

        if (extent + (2 * padding) < kernel)
        {
            throw new InputException(
                $"{owner} with kernel {kernel} and padding {padding} does not fit an image of extent {extent}.");
        }

        return ((extent + (2 * padding) - kernel) / stride) + 1;
    }
}
