using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// Colour pictures with opposing signals planted at known places, <c>planted[:SAMPLES[:PAIRS[:SEED]]]</c>, so that a
/// search for them can be scored.
/// </summary>
/// <remarks>
/// <para>
/// A picture is mid-grey, plus or minus the faint pattern of its class (random low spatial frequencies, without a
/// mean), plus noise. The two camps of a pair, a small share of one class and as many of another, also have a strong
/// colour over the whole picture in common: the largest feature in the data, which points to neither label more than to
/// the other. These are the paired outliers of Rosenfeld and Risteski (arXiv 2311.04163, section 2) in their plainest
/// form.
/// </para>
/// <para>
/// Patterns have no mean, so that the colour says nothing about any class; they come with either sign, so that no
/// linear map tells them and sharpness rises while the network learns them. At the defaults, a tanh network 768-32-10
/// trained by full-batch gradient descent on the squared loss with step size 0.15 reaches 2 / 0.15 within 300 steps.
/// From then on, measured to step 700, at least 18 of the 20 samples whose losses rise most in a step are one camp and
/// at least 18 of the 20 whose losses fall most the other, and they swap roles at every step.
/// </para>
/// <para>
/// Classes are equally large and randomly placed. Random numbers are those of <see cref="Xoshiro256"/>, drawn in a
/// fixed order: patterns, then for the training set and the test set the order of the labels and, picture by picture,
/// the sign and the noise.
/// </para>
/// </remarks>
public static class PlantedImages
{
    private const int Channels = 3;
    private const double Grey = 128;

    // Waves across a picture, in half periods: 0 .. 3 in each direction.
    private const int Frequencies = 4;

    /// <summary>
    /// Colours of the pairs: sky, red and green of the paper's probes in a re-implementation, then yellow and violet.
    /// </summary>
    private static readonly ImmutableArray<ImmutableArray<int>> Colours =
        [[123, 191, 232], [253, 0, 3], [11, 241, 4], [230, 220, 20], [140, 20, 220]];

    /// <summary>Makes the pictures.</summary>
    /// <param name="options">Sizes, amplitudes and the seed.</param>
    /// <param name="scheme">How to normalise.</param>
    /// <exception cref="DatasetException">An option is out of range, or a camp does not fit in its class.</exception>
    public static DatasetPair Create(
        PlantedImagesOptions options, NormalizationScheme scheme = NormalizationScheme.Channel)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validate(options);
        var random = new Xoshiro256(options.Seed);
        double[][] patterns = [.. Enumerable.Range(0, options.Classes).Select(_ => Pattern(options, random))];
        LabelledImages training = Draw(options, options.Samples, patterns, random);
        LabelledImages test = Draw(options, Math.Max(options.Classes, options.Samples / 5), patterns, random);
        ImmutableArray<string> names = [.. Enumerable.Range(0, options.Classes).Select(c => $"pattern {c}")];
        return LabelledImages.Pair(Name(options), training, test, names, null, scheme);
    }

    /// <summary>The pictures of one set.</summary>
    private static LabelledImages Draw(PlantedImagesOptions options, int count, double[][] patterns, Xoshiro256 random)
    {
        var labels = new HostTensor(ElementType.Int64, count);
        Span<long> label = labels.AsSpan<long>();
        for (int i = 0; i < count; i++)
        {
            label[i] = i % options.Classes;
        }

        random.Shuffle(label);
        int camp = CampSize(options, count);
        List<int>[] camps = [.. Enumerable.Range(0, 2 * options.Pairs).Select(_ => new List<int>())];
        byte[] samples = new byte[count * Channels * options.Side * options.Side];
        for (int i = 0; i < count; i++)
        {
            int own = (int)label[i];
            bool planted = own < camps.Length && camps[own].Count < camp;
            if (planted)
            {
                camps[own].Add(i);
            }

            double[] colour = planted ? Colour(options, own / 2) : new double[Channels];
            double[] pattern = patterns[own];
            int sign = random.NextInt32(2) == 0 ? 1 : -1;
            Span<byte> picture = samples.AsSpan(i * pattern.Length, pattern.Length);
            for (int p = 0; p < picture.Length; p++)
            {
                double noise = options.NoiseAmplitude * random.NextGaussian();
                double value = Grey + colour[p % Channels] + (sign * pattern[p]) + noise;
                picture[p] = (byte)Math.Clamp(Math.Round(value), 0, 255);
            }
        }

        return new LabelledImages(
            new ImageSet(options.Side, options.Side, Channels, samples),
            labels,
            [.. camps.Select((indices, c) => new PlantedGroup($"pair {c / 2}, class {c}", [.. indices]))]);
    }

    /// <summary>
    /// A random sum of plane waves without the constant one, of the wanted root mean square, in the order H, W, C.
    /// </summary>
    private static double[] Pattern(PlantedImagesOptions options, Xoshiro256 random)
    {
        int side = options.Side;
        double[] pattern = new double[side * side * Channels];
        for (int c = 0; c < Channels; c++)
        {
            for (int wave = 1; wave < Frequencies * Frequencies; wave++)
            {
                double amplitude = random.NextGaussian();
                for (int p = 0; p < side * side; p++)
                {
                    double x = Math.PI * (wave % Frequencies) * ((p % side) + 0.5) / side;
                    double y = Math.PI * (wave / Frequencies) * ((p / side) + 0.5) / side;
                    pattern[(p * Channels) + c] += amplitude * Math.Cos(x) * Math.Cos(y);
                }
            }
        }

        Scale(pattern, options.SignalAmplitude);
        return pattern;
    }

    private static double[] Colour(PlantedImagesOptions options, int pair)
    {
        double[] colour = [.. Colours[pair].Select(level => level - Grey)];
        Scale(colour, options.FeatureAmplitude);
        return colour;
    }

    private static void Scale(double[] values, double amplitude)
    {
        double factor = amplitude / Math.Sqrt(values.Sum(value => value * value) / values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= factor;
        }
    }

    private static int CampSize(PlantedImagesOptions options, int count) =>
        Math.Max(1, (int)Math.Round(options.Share * count));

    private static string Name(PlantedImagesOptions options) =>
        $"planted:{options.Samples}:{options.Pairs}:{options.Seed}";

    private static void Validate(PlantedImagesOptions options)
    {
        void Require(bool condition, string message)
        {
            if (!condition)
            {
                throw new DatasetException($"{Name(options)}: {message}.");
            }
        }

        Require(options.Classes is >= 2 and <= 10, $"{options.Classes} classes; from 2 to 10 are possible");
        Require(
            options.Pairs >= 0 && options.Pairs <= options.Classes / 2,
            $"{options.Pairs} pairs; {options.Classes} classes take from 0 to {options.Classes / 2}");
        Require(
            options.Side is >= Frequencies and <= 256,
            $"pictures of {options.Side} pixels a side; from {Frequencies} to 256 are possible");
        Require(
            options.Samples >= options.Classes &&
            (long)options.Samples * options.Side * options.Side * Channels <= Array.MaxLength / sizeof(float),
            $"{options.Samples} samples are too few for {options.Classes} classes, or too many for memory");
        Require(
            options.Share > 0 && CampSize(options, options.Samples) <= options.Samples / options.Classes,
            $"a share of {options.Share} for each camp does not fit in a class");
        Require(
            options.SignalAmplitude > 0 && options.NoiseAmplitude >= 0 && options.FeatureAmplitude > 0 &&
            options.SignalAmplitude + options.NoiseAmplitude + options.FeatureAmplitude < double.PositiveInfinity,
            "amplitudes must be positive numbers");
    }
}
