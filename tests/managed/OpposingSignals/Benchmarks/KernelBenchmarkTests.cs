using OpposingSignals.Benchmarks;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Benchmarks;

public sealed class KernelBenchmarkTests
{
    private static readonly string[] Shapes =
    [
        "linear inputs=5 outputs=3 positions=2 samples=4 vectors=2", "convolution input=6x5x3 channels=4 kernel=3 padding=1 samples=2",
        "attention positions=5 width=8 heads=2 causal=1 samples=2", "layernorm input=1x3x8 samples=2", "groupnorm input=4x4x6 groups=2 samples=2", "batchnorm input=4x4x3 samples=4",
        "maxpool input=4x4x3 kernel=2 samples=2", "averagepool input=4x4x3 kernel=2 samples=2", "gelu input=3x3x2 samples=2",
    ];

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [Theory]
    [MemberData(nameof(Devices))]
    public void EveryPassOfEveryKindOfLayerIsTimed(string name)
    {
        using Device device = TestDevices.Open(name);
        Ceilings ceilings = Ceilings.Measure(device, Precision.Float32, seconds: 0.001);
        Assert.True(ceilings is { Flops: > 0, Bytes: > 0 } && double.IsFinite(ceilings.Flops + ceilings.Bytes));
        foreach (KernelShape shape in Shapes.Select(KernelShape.Parse))
        {
            IReadOnlyList<KernelTiming> passes = KernelBenchmark.Run(device, Precision.Float32, shape, seconds: 0.001);
            Assert.Equal(["forward", "tangent", "backward", "tangent-backward"], passes.Select(timing => timing.Pass));
            Assert.All(passes, timing => Assert.True(timing.NotRun is null && timing.Seconds > 0 && timing.ShareOf(ceilings) > 0));
        }

        Assert.Equal(0, device.LiveBuffers - ScratchBuffers(device));
    }

    [Fact]
    public void FlopsAndBytesAreThoseOfTheProductsAndTheOperands()
    {
        using var device = new CpuDevice(1);
        IReadOnlyList<KernelTiming> passes =
            KernelBenchmark.Run(device, Precision.Float32, KernelShape.Parse(Shapes[0]), seconds: 0.001);

        // 8 rows of 5 numbers to 3, for 2 vectors; weight and bias are 18 numbers.
        const double product = 2 * 8 * 5 * 3;
        Assert.Equal([product, 4 * product, 4 * product, 8 * product], passes.Select(timing => timing.Flops));
        Assert.Equal(4.0 * (40 + 18 + 24), passes[0].Bytes);
        Assert.Equal(4.0 * (40 + 18 + (2 * (40 + 18 + 24))), passes[1].Bytes);

        // Two products of 15 pairs of positions, 8 wide, in each of 2 samples.
        KernelShape attention = KernelShape.Parse("attention positions=5 width=8 heads=2 causal=1 samples=2");
        Assert.Equal(2 * 2 * 2 * 15 * 8, KernelBenchmark.Run(device, Precision.Float32, attention, seconds: 0.001)[0].Flops);
    }

    [Theory]
    [InlineData("linear inputs=5 samples=1", "outputs=NUMBER is missing")]
    [InlineData("linear inputs=5 outputs=3 samples=1 width=2", "This layer has no 'width'")]
    [InlineData("linear inputs=5 inputs=5 outputs=3 samples=1", "'inputs=5' is not KEY=VALUE")]
    [InlineData("linear inputs=-5 outputs=3 samples=1", "inputs must be a whole number")]
    [InlineData("linear inputs=5 outputs=3 samples=0", "at least 1")]
    [InlineData("gelu input=3x3 samples=1", "input=HEIGHTxWIDTHxCHANNELS")]
    [InlineData("pool input=3x3x1 samples=1", "There is no layer 'pool'")]
    public void AWrongShapeIsRefused(string line, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<InputException>(() => KernelShape.Parse(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void EveryShapeOfTheCheckoutIsReadAndAWrongLineIsNamed()
    {
        string[] files = Directory.GetFiles(Path.Combine(Repository.Root, "bench", "gpu", "shapes"));
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.NotEmpty(KernelShape.Read(file)));
        using var folder = new TemporaryFolder();
        string wrong = folder.Write("wrong.txt", "# a comment\n\nlinear inputs=1\n"u8);
        Assert.Contains("line 3", Assert.Throws<InputException>(() => KernelShape.Read(wrong)).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => KernelShape.Read(folder["missing.txt"]));
    }

    // A GPU keeps scratch memory for its operations.
    private static int ScratchBuffers(Device device) => device.Name == "cpu" ? 0 : 1;
}
