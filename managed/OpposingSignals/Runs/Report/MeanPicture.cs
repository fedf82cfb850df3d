using OpposingSignals.Datasets;

namespace OpposingSignals.Runs.Report;

/// <summary>Mean pictures of sets of samples, and changes of pictures.</summary>
internal static class MeanPicture
{
    private const double Grey = 128;

    /// <summary>The mean of a set.</summary>
    public static byte[] Of(ImageSet images, IReadOnlyList<int> samples) => PngImage.Encode(
        images.Width, images.Height, images.Channels,
        [.. Mean(images, samples).Select(level => (byte)Math.Round(level))]);

    /// <summary>
    /// Mean of one set minus that of another, around mid-grey, stretched to the full range of levels.
    /// </summary>
    public static byte[] Difference(ImageSet images, IReadOnlyList<int> from, IReadOnlyList<int> less)
    {
        double[] difference = Mean(images, from);
        double[] other = Mean(images, less);
        for (int p = 0; p < difference.Length; p++)
        {
            difference[p] -= other[p];
        }

        // Less than a level is rounding.
        return AroundGrey(images, difference, least: 1);
    }

    /// <summary>A change of a picture around mid-grey, stretched to the full range of levels.</summary>
    /// <param name="images">Pictures of the size that is meant.</param>
    /// <param name="change">In PyTorch's order C, H, W.</param>
    public static byte[] Change(ImageSet images, ReadOnlySpan<double> change)
    {
        double[] ordered = new double[change.Length];
        int pixels = images.Width * images.Height;
        for (int i = 0; i < change.Length; i++)
        {
            ordered[(i % pixels * images.Channels) + (i / pixels)] = change[i];
        }

        return AroundGrey(images, ordered, least: double.Epsilon);
    }

    private static byte[] AroundGrey(ImageSet images, double[] values, double least)
    {
        double largest = Math.Max(least, values.Max(Math.Abs));
        byte[] levels =
            [.. values.Select(value => (byte)Math.Clamp(Math.Round(Grey + (value / largest * (Grey - 1))), 0, 255))];
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
