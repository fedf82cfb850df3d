using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.SelfTests;
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
        double[] statistics = Statistics(device, layer, x);
        Assert.Equal((Count - (2.0 * Large)) / Count, statistics[0]);
    }

    // Rows that a GPU's threads keep 16 or 32 bytes of, of one warp and of several, one or more to a block, with ragged
    // ends, and as long as a block holds or longer; so many that the parameters' cotangents have several parts.
    [Theory]
    [OnEachDevice(1, 90)]
    [OnEachDevice(31, 40)]
    [OnEachDevice(64, 5)]
    [OnEachDevice(129, 20)]
    [OnEachDevice(257, 300)]
    [OnEachDevice(769, 18)]
    [OnEachDevice(2048, 2)]
    [OnEachDevice(2050, 2)]
    [OnEachDevice(4096, 1)]
    [OnEachDevice(4099, 1)]
    public void RowsOfAnyLengthHaveTheProcessorsDerivatives(string deviceName, int channels, int samples)
    {
        int vectors = samples > 100 ? 1 : 3;
        using Device device = TestDevices.Open(deviceName), processor = new CpuDevice(threads: 2);
        var layer = FeatureNormalization.LayerNorm(FeatureShape.Vector(channels), 1e-3);
        IReadOnlyList<(string Name, double[] Values)> exact =
            LayerRun.Of(processor, Precision.Float64, layer, samples, vectors, seed: 1);
        foreach (Precision precision in Enum.GetValues<Precision>())
        {
            // float64 against float64: its own rounding.
            double bound = Deviation.Safety * Deviation.OfSum(Math.Max(channels, samples), precision);
            IReadOnlyList<(string Name, double[] Values)> measured =
                LayerRun.Of(device, precision, layer, samples, vectors, seed: 1);
            Assert.All(exact.Zip(measured), pair =>
            {
                double error = Deviation.Between(pair.First.Values, pair.Second.Values);
                Assert.True(error <= bound, $"{precision}, {pair.First.Name}: {error:E2} > {bound:E2}");
            });
        }
    }

    // Beside a mean of 2^20 numbers below 1 have three bits after the point. What adding up a row in float32 loses of
    // its mean, up to four roundings here, would come back in the variance, many times over.
    [Theory]
    [MemberData(nameof(Gpus))]
    public void AMeanOfARowIsRoundedOnce(string deviceName)
    {
        const int Count = 4096;
        double unit = Precision.Float32.UnitRoundoff();
        using Device device = TestDevices.Open(deviceName);
        var layer = FeatureNormalization.LayerNorm(FeatureShape.Vector(Count), 1e-5);
        for (int stride = 1; stride <= 5; stride++)
        {
            float[] x = [.. Enumerable.Range(0, Count).Select(i => (1 << 20) + (i * stride % 8 / 8f))];
            double mean = x.Average(value => (double)value);
            double s = 1 / Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-5);
            double[] statistics = Statistics(device, layer, x);
            Assert.Equal(mean, statistics[0], 1.001 * unit * mean);

            // A sum of squares is a tree of 29 additions, and each square has three roundings; a root halves them.
            Assert.Equal(s, statistics[1], 20 * unit * s);
        }
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

    // Mean and s of one sample's only group.
    private static double[] Statistics(Device device, FeatureNormalization layer, float[] x)
    {
        float[] parameters = new float[2 * layer.OutputShape.Channels];
        using DeviceBuffer input = device.Allocate(x.Length * sizeof(float)),
            output = device.Allocate(x.Length * sizeof(float)),
            weights = device.Allocate(parameters.Length * sizeof(float)),
            cache = device.Allocate(layer.CacheBytes(1));
        device.Upload<float>(x, input.Address);
        device.Upload<float>(parameters, weights.Address);
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
            Parameters = [weights.Address, weights.Address + (parameters.Length / 2 * sizeof(float))],
        });
        double[] statistics = new double[2];
        device.Download<double>(cache.Address, statistics);
        return statistics;
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
