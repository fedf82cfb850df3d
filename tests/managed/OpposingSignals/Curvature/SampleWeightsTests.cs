using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

/// <summary>
/// Whole weights against data in which every sample occurs as often as its weight says; 0 leaves it out.
/// </summary>
public sealed class SampleWeightsTests
{
    private const int Samples = 7, Vectors = 3;
    private const double Tolerance = 1e-11;

    private static readonly int[] Counts = [2, 0, 1, 3, 1, 0, 2];

    // What is deep is there for its residual blocks, of which the emulated device has enough in the other tests.
    [Theory]
    [OnEachDevice("mlp:9,8:tanh", "mse")]
    [OnEachDevice("mlp:9,8:gelu", "ce:0.1")]
    [OnEachDevice("cnn:3,4:tanh:avgpool", "ce")]
    [InlineData("cpu", "resnet20:groupnorm:2", "mse")]
    public void AWeightCountsLikeSoManySamples(string deviceName, string model, string loss)
    {
        using Device device = TestDevices.Open(deviceName);
        Network network = ModelCatalog.Build(model, new FeatureShape(8, 8, 2), 3);
        var random = new Xoshiro256(7);
        double[] inputs = Gaussians(random, Samples * network.Input.Size);
        long[] labels = [0, 1, 2, 1, 0, 2, 2];
        int[] repeated = [.. Enumerable.Range(0, Samples).SelectMany(i => Enumerable.Repeat(i, Counts[i]))];
        using Objective weighted = Of([.. Enumerable.Range(0, Samples)], [.. Counts.Select(count => 0.25 * count)]);
        using Objective expected = Of(repeated, null), plain = Of([.. Enumerable.Range(0, Samples)], null);
        using var parameters = new VectorBlock(device, Precision.Float64, 1, network.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 2));
        using var directions = new VectorBlock(device, Precision.Float64, Vectors, network.ParameterCount);
        directions.CopyFrom(Gaussians(random, Vectors * (int)network.ParameterCount));

        LinearizationPoint point = weighted.Linearize(parameters), reference = expected.Linearize(parameters);
        Close([reference.Loss], [point.Loss]);
        Close(reference.Gradient.ToArray(), point.Gradient.ToArray());
        foreach (ProductKind kind in Enum.GetValues<ProductKind>())
        {
            Close(Product(reference, kind), Product(point, kind));
        }

        // Each sample's derivatives are those of its own loss times its weight, of mean 1.
        double mean = Counts.Average();
        LinearizationPoint single = plain.Linearize(parameters);
        (double[] slopes, double[] curvatures) = point.SampleDerivatives(directions);
        Close(Weighted(single.SampleSlopes(directions)), slopes);
        Close(Weighted(single.SampleCurvatures(directions)), curvatures);
        Close(single.SampleLosses.ToArray(), point.SampleLosses.ToArray());

        double[] Weighted(double[] values) => [.. values.Select((value, at) => Counts[at % Samples] / mean * value)];

        double[] Product(LinearizationPoint at, ProductKind kind)
        {
            using var products = new VectorBlock(device, Precision.Float64, Vectors, network.ParameterCount);
            at.Multiply(kind, directions, products);
            return products.ToArray();
        }

        Objective Of(int[] samples, double[]? weights)
        {
            int size = network.Input.Size;
            return new Objective(
                device, Precision.Float64, network, Loss.Named(loss),
                HostTensor.From<double>(
                    [.. samples.SelectMany(i => inputs[(i * size)..((i + 1) * size)])], samples.Length, 2, 8, 8),
                HostTensor.From<long>([.. samples.Select(i => labels[i])], samples.Length),
                new ObjectiveOptions { MicroBatch = 3, VectorsAtOnce = 2, SampleWeights = weights });
        }
    }

    [Theory]
    [InlineData(new double[] { 1 }, "2 samples")]
    [InlineData(new double[] { 0, 0 }, "not all 0")]
    [InlineData(new double[] { 1, -1 }, "at least 0")]
    [InlineData(new double[] { 1, double.NaN }, "finite")]
    [InlineData(new double[] { 1, double.PositiveInfinity }, "finite")]
    public void OtherWeightsAreRefused(double[] weights, string words)
    {
        using var device = new CpuDevice(1);
        Network network = new NetworkBuilder(FeatureShape.Vector(1)).Linear(1).Build();
        InputException refusal = Assert.Throws<InputException>(() => new Objective(
            device, Precision.Float64, network, new SquaredError(), HostTensor.From<double>([1, 2], 2, 1),
            HostTensor.From<double>([1, 2], 2, 1), new ObjectiveOptions { SampleWeights = weights }));
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    private static void Close(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(actual[i] - expected[i]) <= Tolerance * scale, $"{i}: {actual[i]} instead of {expected[i]}");
        }
    }

    private static double[] Gaussians(Xoshiro256 random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextGaussian())];
}
