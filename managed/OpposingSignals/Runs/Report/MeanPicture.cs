using OpposingSignals.Datasets;

namespace OpposingSignals.Runs.Report;

/// <summary>Differences between the mean pictures of two sets of samples.</summary>
internal static class MeanPicture
{
    private const double Grey = 128;

    /// <summary>Mean of one set minus that of another, around mid-grey, stretched to the full range of levels.</summary>
    public static byte[] Difference(ImageSet images, IReadOnlyList<int> from, IReadOnlyList<int> less)
    {
        double[] difference = Mean(images, from);
        double[] other = Mean(images, less);
        double largest = 1;
        for (int p = 0; p < difference.Length; p++)
        {
            difference[p] -= other[p];
            largest = Math.Max(largest, Math.Abs(difference[p]));
        }

        byte[] levels = [.. difference.Select(d => (byte)Math.Clamp(Math.Round(Grey + (d / largest * (Grey - 1))), 0, 255))];
        return PngImage.Encode(images.Width, images.Height, images.Channels, levels);
    }

    private static double[] Mean(ImageSet images, IReadOnlyList<int> samples)
    {
        double[] mean = new double[images.Width * images.Height * images.Channels];
        foreach (int sample in samples)
        {
            ReadOnlySpan<byte> picture = images[sample];
            for (int p = 0; p < mean.Length; p++)
            {
                mean[p] += (double)picture[p] / samples.Count;
            }
        }

        return mean;
    }
}
