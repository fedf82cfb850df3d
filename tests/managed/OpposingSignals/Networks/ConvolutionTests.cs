using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class ConvolutionTests
{
    private static readonly FeatureShape Image = new(5, 4, 3);

    [Theory]
    [InlineData(0, 3, 1, 1, "output channels")]
    [InlineData(2, 0, 1, 1, "kernel")]
    [InlineData(2, 3, 0, 1, "stride")]
    [InlineData(2, 3, 1, -1, "padding")]
    [InlineData(2, 7, 1, 1, "does not fit")]
    public void ShapesThatDoNotFitAreRefused(int channels, int kernel, int stride, int padding, string word) =>
        Refusal.Expect(() => _ = new Convolution(Image, channels, kernel, stride, padding), word);

    [Theory]
    [InlineData(3, 1, 1, 5, 4)]
    [InlineData(3, 2, 1, 3, 2)]
    [InlineData(4, 3, 0, 1, 1)]
    [InlineData(1, 2, 0, 3, 2)]
    public void TheOutputHasEveryWindowThatFits(int kernel, int stride, int padding, int height, int width) =>
        Assert.Equal(
            new FeatureShape(height, width, 7), new Convolution(Image, 7, kernel, stride, padding).OutputShape);

    /// <summary>
    /// Strides that leave pixels without a tap and those that do not, with taps on the padding alone, sides of other
    /// lengths, and one that is not strided.
    /// </summary>
    public static IEnumerable<Convolution> Strided
    {
        get
        {
            var image = new FeatureShape(7, 6, 4);
            foreach (int stride in (int[])[2, 3])
            {
                foreach (int kernel in (int[])[1, 2, 3, 5])
                {
                    foreach (int padding in (int[])[0, 1, 2])
                    {
                        yield return new Convolution(image, 6, kernel, stride, padding, groups: 1 + (padding % 2));
                    }
                }
            }

            yield return new Convolution(new FeatureShape(1, 9, 5), 4, (1, 3), stride: 2, padding: 0, bias: true);
            yield return new Convolution(new FeatureShape(8, 3, 5), 5, (2, 3), stride: 4, padding: 1, true, groups: 5);
        }
    }

    // All numbers are at most 1/2, so that a sum of n products of two is at most n / 4. Each of its roundings is at
    // most a unit roundoff of that, in what is tested and in what it is compared with.
    [Theory]
    [OnEachDevice(Precision.Float32)]
    [OnEachDevice(Precision.Float64)]
    public void StridedOnesAgreeWithTheProcessorsFloat64(string name, Precision precision)
    {
        const int samples = 2, vectors = 2, terms = 2;
        using Device device = TestDevices.Open(name);
        using var processor = new CpuDevice();
        foreach (Convolution layer in Strided)
        {
            IReadOnlyList<(string Name, double[] Values)> exact =
                LayerRun.Of(processor, Precision.Float64, layer, samples, vectors, seed: 1);
            IReadOnlyList<(string Name, double[] Values)> measured =
                LayerRun.Of(device, precision, layer, samples, vectors, seed: 1);
            int taps = layer.Kernel.Height * layer.Kernel.Width;
            int channels = Math.Max(layer.InputShapes[0].Channels, layer.OutputShape.Channels);
            int products = terms * Math.Max(taps * channels, samples * layer.OutputShape.Positions);
            double bound = 2 * (products + 2) * precision.UnitRoundoff() * ((products / 4.0) + 1);
            for (int i = 0; i < exact.Count; i++)
            {
                for (int j = 0; j < exact[i].Values.Length; j++)
                {
                    double error = Math.Abs(exact[i].Values[j] - measured[i].Values[j]);
                    Assert.False(!(error <= bound), $"{layer}, {exact[i].Name} [{j}]: {error:E2}, bound {bound:E2}");
                }
            }
        }
    }

    [Fact]
    public void ParametersHavePyTorchsLayout()
    {
        var layer = new Convolution(Image, 2, (3, 2), stride: 1, padding: 0, bias: true);
        Assert.Equal<int>([2, 3, 3, 2], layer.Parameters[0].Shape);
        Assert.Equal<int>([2], layer.Parameters[1].Shape);
    }
}
