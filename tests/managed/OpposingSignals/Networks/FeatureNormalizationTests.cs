using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Networks;

/// <summary>Normalisation layers by themselves; their passes are checked within the networks of Curvature.</summary>
public sealed class FeatureNormalizationTests
{
    [Theory]
    [OnEachDevice]
    public void OutputsHaveMeanZeroAndVarianceOne(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var shape = new FeatureShape(4, 5, 6);
        Network network = new NetworkBuilder(shape).GroupNorm(groups: 3, epsilon: 1e-12).Build();
        double[] outputs = Evaluate(network, device, (objective, theta) => objective.Outputs(theta));

        // Channels last: a group of two channels is every third pair.
        foreach (IGrouping<int, double> group in outputs
            .Select((value, i) => (Value: value, Group: (i / shape.Size * 3) + (i % 6 / 2)))
                .GroupBy(o => o.Group, o => o.Value))
        {
            Assert.Equal(40, group.Count());
            Assert.Equal(0, group.Average(), 1e-12);
            Assert.Equal(1, group.Average(value => value * value), 1e-9);
        }
    }

    public static TheoryData<string> Gpus => [.. TestDevices.Names.Where(name => name != "cpu")];

    // Beside 2^25 float32 has no room for 1; the large ones cancel, and ones are left. Mean and scale are float64. (The
    // processor adds 64 rows in float32 first.)
    [Theory]
    [MemberData(nameof(Gpus))]
    public void AMeanOfFloat32sIsAsGoodAsInFloat64(string deviceName)
    {
        const int Count = 256, Large = 8;
        using Device device = TestDevices.Open(deviceName);
        var layer = FeatureNormalization.BatchNorm(new FeatureShape(16, 16, 1), 1e-5);
        float[] x = new float[Count];
        Array.Fill(x, 1);
        x.AsSpan(0, Large).Fill(1 << 25);
        x.AsSpan(Count - Large).Fill(-(1 << 25));
        using DeviceBuffer input = device.Allocate(Count * sizeof(float)),
            output = device.Allocate(Count * sizeof(float)), parameters = device.Allocate(2 * sizeof(float)),
            cache = device.Allocate(layer.CacheBytes(1));
        device.Upload<float>(x, input.Address);
        device.Upload<float>([1, 0], parameters.Address);
        layer.Forward(new LayerPass
        {
            Device = device,
            Precision = Precision.Float32,
            BatchNorm = BatchNormMode.Train,
            Dropout = false,
            Samples = 1,
            Inputs = [input.Address],
            Output = output.Address,
            Cache = cache.Address,
            Parameters = [parameters.Address, parameters.Address + sizeof(float)],
        });
        double[] statistics = new double[2];
        device.Download<double>(cache.Address, statistics);
        Assert.Equal((Count - (2.0 * Large)) / Count, statistics[0]);
    }

    [Fact]
    public void ResultsDoNotDependOnTheNumberOfThreads()
    {
        Network network = new NetworkBuilder(new FeatureShape(24, 24, 18))
            .GroupNorm(groups: 2).LayerNorm().GroupNorm(groups: 18).Build();
        using Device one = new CpuDevice(threads: 1), two = new CpuDevice(threads: 2);
        Assert.Equal(Evaluate(network, one, Everything), Evaluate(network, two, Everything));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    public void GroupsMustDivideTheChannels(int groups)
    {
        var builder = new NetworkBuilder(FeatureShape.Vector(6));
        Assert.Contains("divisor of 6",
            Assert.Throws<InputException>(() => builder.GroupNorm(groups)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public void EpsilonMustBePositive(double epsilon)
    {
        var builder = new NetworkBuilder(FeatureShape.Vector(6));
        Assert.Throws<InputException>(() => builder.LayerNorm(epsilon));
    }

    [Theory]
    [InlineData("pytorch")]
    [InlineData("xavier-normal")]
    [InlineData("kaiming-normal")]
    public void EveryInitialisationStartsAtTheIdentity(string name)
    {
        Network network = new NetworkBuilder(FeatureShape.Vector(3)).Linear(4).LayerNorm().Build();
        double[] values = Initialization.Named(name).Create(network, 1);
        Assert.Equal(
            ["0.weight", "0.bias", "1.weight", "1.bias"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0], values[16..]);
    }

    private static double[] Everything(Objective objective, VectorBlock theta)
    {
        using VectorBlock vectors = PlainComparison.Block(
            objective.Device, objective.Precision, Draw(2, 3 * (int)objective.ParameterCount), 3);
        LinearizationPoint point = objective.Linearize(theta);
        return
        [
            .. point.Gradient.ToArray(), .. point.SampleCurvatures(vectors),
            .. PlainComparison.Multiply(point, ProductKind.Hessian, vectors),
            .. PlainComparison.Multiply(point, ProductKind.GaussNewton, vectors),
        ];
    }

    private static double[] Evaluate(Network network, Device device, Func<Objective, VectorBlock, double[]> use)
    {
        const int Samples = 5;
        FeatureShape shape = network.Input;
        using var objective = new Objective(
            device, Precision.Float64, network, Loss.Named("mse"),
            HostTensor.From<double>(Draw(1, Samples * shape.Size), Samples, shape.Channels, shape.Height, shape.Width),
            HostTensor.From<double>(new double[Samples * network.Outputs], Samples, network.Outputs));
        using VectorBlock theta = PlainComparison.Block(
            device, Precision.Float64, Initialization.Named("pytorch").Create(network, 0), 1);
        return use(objective, theta);
    }

    private static double[] Draw(ulong seed, int count)
    {
        var random = new Xoshiro256(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 3 + random.NextGaussian())];
    }
}
