using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// A <see cref="NormalizationScheme"/> with the statistics of a training set, to be applied to that set and to others.
/// </summary>
/// <remarks>
/// The sums behind the statistics are exact integers. Where all values agree (the border pixels of MNIST) σ is zero and
/// 1 takes its place, so that the input is zero wherever a picture agrees with the training set.
/// </remarks>
public sealed class Normalization
{
    private const string MeanName = "normalization.mean";
    private const string DeviationName = "normalization.std";
    private const string DivisorName = "normalization.divisor";

    private static readonly ImmutableArray<double> ImageNetMean = [0.485, 0.456, 0.406];
    private static readonly ImmutableArray<double> ImageNetDeviation = [0.229, 0.224, 0.225];

    private readonly ImmutableArray<int> _shape;

    private Normalization(
        NormalizationScheme scheme, ImmutableArray<int> shape, ImmutableArray<double> mean,
        ImmutableArray<double> deviation)
    {
        Scheme = scheme;
        _shape = shape;
        Mean = mean;
        Deviation = deviation;
    }

    /// <summary>The scheme.</summary>
    public NormalizationScheme Scheme { get; }

    /// <summary>
    /// μ in the order C, H, W (<see cref="NormalizationScheme.Pixel"/>) or C
    /// (<see cref="NormalizationScheme.Channel"/>, <see cref="NormalizationScheme.ImageNet"/>); otherwise empty.
    /// </summary>
    public ImmutableArray<double> Mean { get; }

    /// <summary>σ in the order of <see cref="Mean"/>, with 1 in the place of 0.</summary>
    public ImmutableArray<double> Deviation { get; }

    private double Divisor => Scheme == NormalizationScheme.None ? 1 : 255;

    /// <summary>The scheme of a name: <c>none</c>, <c>unit</c>, <c>pixel</c>, <c>channel</c> or
    /// <c>imagenet</c>.</summary>
    /// <exception cref="DatasetException">The name is none of these.</exception>
    public static NormalizationScheme ParseScheme(string name) => name switch
    {
        "none" => NormalizationScheme.None,
        "unit" => NormalizationScheme.Unit,
        "pixel" => NormalizationScheme.Pixel,
        "channel" => NormalizationScheme.Channel,
        "imagenet" => NormalizationScheme.ImageNet,
        _ => throw new DatasetException(
            $"'{name}' is not a normalisation; known are none, unit, pixel, channel, imagenet."),
    };

    /// <summary>Takes the statistics of a scheme from a training set.</summary>
    /// <exception cref="ArgumentException">There is no picture.</exception>
    /// <exception cref="DatasetException">The scheme is for colour pictures, and these are not.</exception>
    public static Normalization Fit(NormalizationScheme scheme, ImageSet training)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (training.Count == 0)
        {
            throw new ArgumentException("No picture to take statistics from.", nameof(training));
        }

        if (scheme is NormalizationScheme.None or NormalizationScheme.Unit)
        {
            return new Normalization(scheme, [], [], []);
        }

        if (scheme == NormalizationScheme.ImageNet)
        {
            return training.Channels == ImageNetMean.Length
                ? new Normalization(scheme, [training.Channels], ImageNetMean, ImageNetDeviation)
                : throw new DatasetException(
                    $"The normalisation imagenet is for pictures of 3 channels, and these have {training.Channels}.");
        }

        bool perChannel = scheme == NormalizationScheme.Channel;
        (long[] sums, long[] squares) = Sum(training);
        int channels = training.Channels, pixels = training.Width * training.Height;
        int groups = perChannel ? channels : channels * pixels;
        Int128[] sum = new Int128[groups], square = new Int128[groups];
        for (int i = 0; i < training.Size; i++)
        {
            // From the order H, W, C of pictures to the order C, H, W of inputs.
            int group = perChannel ? i % channels : (i % channels * pixels) + (i / channels);
            sum[group] += sums[i];
            square[group] += squares[i];
        }

        double[] mean = new double[groups], deviation = new double[groups];
        Int128 count = (long)training.Count * (perChannel ? pixels : 1);
        for (int g = 0; g < groups; g++)
        {
            mean[g] = (double)sum[g] / (double)count / 255;
            deviation[g] = Math.Sqrt((double)((count * square[g]) - (sum[g] * sum[g]))) / (double)count / 255;
            deviation[g] = deviation[g] == 0 ? 1 : deviation[g];
        }

        ImmutableArray<int> shape = perChannel ? [channels] : [channels, training.Height, training.Width];
        return new Normalization(scheme, shape, [.. mean], [.. deviation]);
    }

    /// <summary>Reads what <see cref="ToTensors"/> wrote; other tensors are ignored.</summary>
    /// <exception cref="DatasetException">
    /// A tensor is missing, or does not have the shape or the values it should have.
    /// </exception>
    public static Normalization FromTensors(IReadOnlyDictionary<string, HostTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        if (!tensors.TryGetValue(DivisorName, out HostTensor? divisor) ||
            divisor.Count != 1 || divisor.ToDoubles()[0] is not (1 or 255))
        {
            throw new DatasetException($"A normalisation needs a tensor '{DivisorName}' that is 1 or 255.");
        }

        if (!tensors.TryGetValue(MeanName, out HostTensor? mean))
        {
            return new Normalization(
                divisor.ToDoubles()[0] == 1 ? NormalizationScheme.None : NormalizationScheme.Unit, [], [], []);
        }

        if (!tensors.TryGetValue(DeviationName, out HostTensor? deviation) ||
            mean.Shape.Length is not (1 or 3) ||
            divisor.ToDoubles()[0] != 255 ||
            !mean.Shape.SequenceEqual(deviation.Shape) ||
            !mean.ToDoubles().All(double.IsFinite) ||
            !deviation.ToDoubles().All(value => value > 0 && double.IsFinite(value)))
        {
            throw new DatasetException(
                $"A normalisation needs '{MeanName}' and '{DeviationName}' of one shape, [C] or [C, H, W], " +
                "finite, with positive deviations.");
        }

        ImmutableArray<double> means = [.. mean.ToDoubles()], deviations = [.. deviation.ToDoubles()];
        bool imageNet = means.SequenceEqual(ImageNetMean) && deviations.SequenceEqual(ImageNetDeviation);
        return new Normalization(
            imageNet ? NormalizationScheme.ImageNet
                : mean.Shape.Length == 1 ? NormalizationScheme.Channel : NormalizationScheme.Pixel,
            mean.Shape,
            means,
            deviations);
    }

    /// <summary>
    /// This normalisation as Float64 tensors, to be written beside others: <c>normalization.divisor</c> (1 or 255) and,
    /// where the scheme has statistics, <c>normalization.mean</c> and <c>normalization.std</c> of shape [C] or [C, H,
    /// W].
    /// </summary>
    public IEnumerable<KeyValuePair<string, HostTensor>> ToTensors()
    {
        yield return new(DivisorName, HostTensor.From([Divisor]));
        if (!Mean.IsEmpty)
        {
            yield return new(MeanName, HostTensor.From(Mean.AsSpan(), _shape.AsSpan()));
            yield return new(DeviationName, HostTensor.From(Deviation.AsSpan(), _shape.AsSpan()));
        }
    }

    /// <summary>Inputs of pictures: Float32 of shape [N, C, H, W], computed in float64 and rounded once.</summary>
    /// <exception cref="ArgumentException">
    /// The pictures do not have the size of those that the statistics come from.
    /// </exception>
    public HostTensor Apply(ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(images);
        int channels = images.Channels, pixels = images.Width * images.Height;
        if (!_shape.IsEmpty && !_shape.SequenceEqual(((int[])[channels, images.Height, images.Width])[.._shape.Length]))
        {
            throw new ArgumentException(
                $"Pictures of {channels} x {images.Height} x {images.Width} do not go with statistics of " +
                $"[{string.Join(", ", _shape)}].",
                nameof(images));
        }

        var inputs = new HostTensor(ElementType.Float32, images.Count, channels, images.Height, images.Width);
        for (int i = 0; i < images.Count; i++)
        {
            ReadOnlySpan<byte> picture = images[i];
            Span<float> input = inputs.AsSpan<float>().Slice(i * images.Size, images.Size);
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < pixels; p++)
                {
                    double value = picture[(p * channels) + c] / Divisor;
                    int at = (c * pixels) + p;
                    if (!Mean.IsEmpty)
                    {
                        int group = _shape.Length == 1 ? c : at;
                        value = (value - Mean[group]) / Deviation[group];
                    }

                    input[at] = (float)value;
                }
            }
        }

        return inputs;
    }

    /// <summary>Sums and sums of squares over the pictures, for each sample of a picture.</summary>
    private static (long[] Sums, long[] Squares) Sum(ImageSet images)
    {
        long[] sums = new long[images.Size], squares = new long[images.Size];
        for (int i = 0; i < images.Count; i++)
        {
            ReadOnlySpan<byte> picture = images[i];
            for (int p = 0; p < picture.Length; p++)
            {
                int value = picture[p];
                sums[p] += value;
                squares[p] += value * value;
            }
        }

        return (sums, squares);
    }
}
