using OpposingSignals.Benchmarks;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Benchmarks;

public sealed class KernelShapeTests
{
    private static readonly string[] LossPasses = ["forward", "gradient", "hessian-product"];

    private static readonly string[] Shapes =
    [
        "linear inputs=5 outputs=3 positions=2 samples=4 vectors=2",
        "convolution input=6x5x3 channels=4 kernel=3 padding=1 samples=2",
        "attention positions=5 width=8 heads=2 causal=1 samples=2",
        "layernorm input=1x3x8 samples=2",
        "groupnorm input=4x4x6 groups=2 samples=2",
        "batchnorm input=4x4x3 samples=4",
        "maxpool input=4x4x3 kernel=2 samples=2",
        "averagepool input=4x4x3 kernel=2 samples=2",
        "gelu input=3x3x2 samples=2",
        "add input=3x3x2 samples=2",
        "flatten input=3x3x2 samples=2",
        "shortcut input=4x4x2 channels=4 stride=2 samples=2",
        "dropout input=1x1x9 percent=20 samples=2",
        "embedding positions=3 vocabulary=7 width=4 samples=2 vectors=2",
        "positions input=1x3x4 samples=2",
    ];

    private static readonly (string Line, string[] Passes)[] Others =
    [
        ("cross-entropy outputs=5 positions=3 samples=2 vectors=2", LossPasses),
        ("cross-entropy outputs=5 smoothing=10 samples=4", LossPasses),
        ("squared-error outputs=3 samples=4 vectors=2", LossPasses),
        ("inner-products length=1000 vectors=3 basis=5", ["inner-products"]),
        ("combine length=1000 vectors=3 basis=5", ["combine"]),
        ("gram-schmidt length=1000 vectors=2 basis=3", ["gram-schmidt"]),
        ("update length=1000 rule=gd", ["update"]),
        ("update length=1000 rule=momentum:0.9", ["update"]),
        ("update length=1000 rule=adam", ["update"]),
        ("update length=1000 rule=rmsprop", ["update"]),
    ];

    private static string[] ShapeFiles => Directory.GetFiles(Path.Combine(Repository.Root, "bench", "gpu", "shapes"));

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [Theory]
    [MemberData(nameof(Devices))]
    public void EveryPassOfEveryKindOfShapeIsTimed(string name)
    {
        using Device device = TestDevices.Open(name);
        Ceilings ceilings = Ceilings.Measure(device, Precision.Float32, seconds: 0.001);
        Assert.True(ceilings is { Flops: > 0, Bytes: > 0 } && double.IsFinite(ceilings.Flops + ceilings.Bytes));
        foreach (KernelShape shape in Shapes.Select(KernelShape.Parse))
        {
            Check(shape.Time(device, Precision.Float32, seconds: 0.001), ["forward", "tangent", "backward",
                "tangent-backward"]);
        }

        foreach ((string line, string[] passes) in Others)
        {
            Check(KernelShape.Parse(line).Time(device, Precision.Float32, seconds: 0.001), passes);
        }

        Assert.Equal(0, device.LiveBuffers - ScratchBuffers(device));

        void Check(IReadOnlyList<KernelTiming> timings, string[] passes)
        {
            Assert.Equal(passes, timings.Select(timing => timing.Pass));
            Assert.All(timings, timing => Assert.True(
                timing.NotRun is null && timing.Seconds > 0 && timing.ShareOf(ceilings) > 0, $"{timing}"));
        }
    }

    [Fact]
    public void FlopsAndBytesAreThoseOfTheProductsAndTheOperands()
    {
        using var device = new CpuDevice(1);
        IReadOnlyList<KernelTiming> passes =
            KernelShape.Parse(Shapes[0]).Time(device, Precision.Float32, seconds: 0.001);

        // 8 rows of 5 numbers to 3, for 2 vectors; weight and bias are 18 numbers.
        const double product = 2 * 8 * 5 * 3;
        Assert.Equal([product, 4 * product, 4 * product, 8 * product], passes.Select(timing => timing.Flops));
        Assert.Equal(4.0 * (40 + 18 + 24), passes[0].Bytes);
        Assert.Equal(4.0 * (40 + 18 + (2 * (40 + 18 + 24))), passes[1].Bytes);

        // 9 taps of 3 channels to each of 3 x 3 outputs in 4 channels, in either direction: not to each of 36 pixels.
        const double strided = 2 * 2 * 9 * 4 * 9 * 3;
        Assert.Equal(
            [strided, 2 * strided, 2 * strided, 4 * strided],
            KernelShape.Parse("convolution input=6x6x3 channels=4 kernel=3 stride=2 padding=1 samples=2")
                .Time(device, Precision.Float32, seconds: 0.001).Select(timing => timing.Flops));

        // Two products of 15 pairs of positions, 8 wide, in each of 2 samples.
        KernelShape attention = KernelShape.Parse("attention positions=5 width=8 heads=2 causal=1 samples=2");
        Assert.Equal(2 * 2 * 2 * 15 * 8, attention.Time(device, Precision.Float32, seconds: 0.001)[0].Flops);
    }

    [Fact]
    public void FlopsAndBytesOfVectorsAreThoseOfTheirParts()
    {
        using var device = new CpuDevice(1);
        KernelTiming Of(string line) => KernelShape.Parse(line).Time(device, Precision.Float32, seconds: 0.001)[0];
        const double length = 1000;
        Assert.Equal((2 * 3 * 5 * length, 4 * (3 + 5) * length),
            FlopsAndBytes(Of("inner-products length=1000 vectors=3 basis=5")));
        Assert.Equal((2 * 3 * (5 + 3) * length, 4 * (5 + 6) * length),
            FlopsAndBytes(Of("combine length=1000 vectors=3 basis=5")));

        // 2 K² before; in each pass 2 MK, 2 MK + 2 K² and 2 K².
        Assert.Equal(((2 * 9) + (2 * ((4 * 15) + (4 * 9)))) * length,
            Of("gram-schmidt length=1000 vectors=3 basis=5").Flops);
        Assert.Equal((0, 4 * 7 * length), FlopsAndBytes(Of("update length=1000 rule=adam")));

        static (double, double) FlopsAndBytes(KernelTiming timing) => (timing.Flops, timing.Bytes);
    }

    [Fact]
    public void EveryKindOfShapeIsAmongThoseOfTheCheckout()
    {
        string[] kinds = [.. ShapeFiles.SelectMany(KernelShape.Read).Select(shape =>
            shape.Text.Split(' ')[0]).Distinct()];
        IEnumerable<string> wanted = [.. LayerShape.Names, .. LossShape.Names, .. VectorShape.Names];

        // One activation is like another.
        Assert.Empty(wanted.Except(ModelCatalog.Activations.Keys).Except(kinds));
        Assert.NotEmpty(ModelCatalog.Activations.Keys.Intersect(kinds));
    }

    [Theory]
    [InlineData("linear inputs=5 samples=1", "outputs=NUMBER is missing")]
    [InlineData("linear inputs=5 outputs=3 samples=1 width=2", "This shape has no 'width'")]
    [InlineData("linear inputs=5 inputs=5 outputs=3 samples=1", "'inputs=5' is not KEY=VALUE")]
    [InlineData("linear inputs=-5 outputs=3 samples=1", "inputs must be a whole number")]
    [InlineData("linear inputs=5 outputs=3 samples=0", "samples must be at least 1")]
    [InlineData("update length=10 rule=best", "There is no optimiser 'best'")]
    [InlineData("update length=10", "rule=WORD is missing")]
    [InlineData("combine length=10 vectors=0 basis=1", "vectors must be at least 1")]
    [InlineData("gelu input=3x3 samples=1", "input=HEIGHTxWIDTHxCHANNELS")]
    [InlineData("pool input=3x3x1 samples=1", "There is no layer, loss or operation on vectors 'pool'")]
    public void AWrongShapeIsRefused(string line, string complaint) =>
        Assert.Contains(complaint, Assert.Throws<InputException>(() => KernelShape.Parse(line)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void EveryShapeOfTheCheckoutIsReadAndAWrongLineIsNamed()
    {
        Assert.NotEmpty(ShapeFiles);
        Assert.All(ShapeFiles, file => Assert.NotEmpty(KernelShape.Read(file)));
        using var folder = new TemporaryFolder();
        string wrong = folder.Write("wrong.txt", "# a comment\n\nlinear inputs=1\n"u8);
        Assert.Contains("line 3", Assert.Throws<InputException>(() => KernelShape.Read(wrong)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => KernelShape.Read(folder["missing.txt"]));
    }

    // A GPU keeps scratch memory for its operations.
    private static int ScratchBuffers(Device device) => device.Name == "cpu" ? 0 : 1;
}
