using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Curvature;

/// <summary>What holds between products whatever the network: no reference takes part.</summary>
public sealed class IdentityTests
{
    public static TheoryData<string, string, Precision> Cases
    {
        get
        {
            var data = new TheoryData<string, string, Precision>();
            foreach (string device in TestDevices.Names)
            {
                // The large ones are there for the processor's threads.
                foreach (string name in RandomCase.Names.Where(
                    name => device == "cpu" || !name.StartsWith("threaded", StringComparison.Ordinal)))
                {
                    data.Add(device, name, Precision.Float32);
                    data.Add(device, name, Precision.Float64);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ProductsAreSymmetric(string deviceName, string name, Precision precision) =>
        At(deviceName, name, precision, (point, v) =>
        {
            foreach (ProductKind kind in Enum.GetValues<ProductKind>())
            {
                double[][] vectors = Rows(v.ToArray(), v.Count), products = Rows(PlainComparison.Multiply(point, kind, v), v.Count);
                double forwards = Dot(vectors[0], products[1]), backwards = Dot(vectors[1], products[0]);
                Assert.False(
                    !(Math.Abs(forwards - backwards) <= Slack(precision) * Norm(vectors[0]) * Norm(products[1])));
            }
        });

    [Theory]
    [MemberData(nameof(Cases))]
    public void ProductsAreLinear(string deviceName, string name, Precision precision) =>
        At(deviceName, name, precision, (point, v) =>
        {
            foreach (ProductKind kind in Enum.GetValues<ProductKind>())
            {
                double[][] products = Rows(PlainComparison.Multiply(point, kind, v), v.Count);
                using var mixed = new VectorBlock(v.Device, precision, 1, v.Length);
                mixed.Combine(v, new double[,] { { 0.5 }, { -2 }, { 0.25 } });
                double[] product = PlainComparison.Multiply(point, kind, mixed);
                double[] expected = [.. product.Select((_, i) =>
                    (0.5 * products[0][i]) - (2 * products[1][i]) + (0.25 * products[2][i]))];
                AssertClose(expected, product, precision);
            }
        });

    /// <summary>
    /// In float64 to the bit. Vectors that share an operand are one taller product, and oneDNN may sum float32 products
    /// of another height in another order.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void VectorsAtOnceAgreeWithSingleOnes(string deviceName, string name, Precision precision) =>
        At(deviceName, name, precision, (point, v) =>
        {
            foreach (ProductKind kind in Enum.GetValues<ProductKind>())
            {
                double[] singles = PlainComparison.Singles(point, kind, v), together = PlainComparison.Multiply(point, kind, v);
                AssertClose(singles, together, precision);
                if (precision == Precision.Float64)
                {
                    Assert.Equal(singles, together);
                }
            }

            (double[] slopes, double[] curvatures) = point.SampleDerivatives(v);
            Assert.Equal(slopes, point.SampleSlopes(v));
            Assert.Equal(curvatures, point.SampleCurvatures(v));
            Assert.Equal(slopes, Enumerable.Range(0, v.Count).SelectMany(j => point.SampleSlopes(v.Rows(j, 1))));
            Assert.Equal(
                curvatures, Enumerable.Range(0, v.Count).SelectMany(j => point.SampleCurvatures(v.Rows(j, 1))));
        });

    [Theory]
    [MemberData(nameof(Cases))]
    public void SamplesAddUpToTheWhole(string deviceName, string name, Precision precision) =>
        At(deviceName, name, precision, (point, v) =>
        {
            double[][] vectors = Rows(v.ToArray(), v.Count);
            double[][] products = Rows(PlainComparison.Multiply(point, ProductKind.Hessian, v), v.Count);
            double[][] slopes = Rows(point.SampleSlopes(v), v.Count), curvatures = Rows(point.SampleCurvatures(v), v.Count);
            double[] gradient = point.Gradient.ToArray();
            for (int j = 0; j < v.Count; j++)
            {
                double scale = Slack(precision) * Norm(vectors[j]);
                Assert.False(!(Math.Abs(slopes[j].Average() - Dot(gradient, vectors[j])) <= scale * Norm(gradient)));
                Assert.False(
                    !(Math.Abs(curvatures[j].Average() - Dot(products[j], vectors[j])) <= scale * Norm(products[j])));
            }

            Assert.Equal(point.Loss, point.SampleLosses.ToArray().Average(), 1e-14);
        });

    [Theory]
    [MemberData(nameof(Cases))]
    public void ARecomputedPrimalGivesTheBitsOfAKeptOne(string deviceName, string name, Precision precision)
    {
        RandomCase random = RandomCase.Make(name, 1);
        int microBatch = (random.Samples + 2) / 3;
        double[] kept = [], recomputed = [];
        var roomy = new ObjectiveOptions { MicroBatch = microBatch, VectorsAtOnce = 3 };
        long needed = 0;
        Use(deviceName, random, precision, roomy, objective =>
        {
            Assert.True(objective.Plan.KeepsPrimal);
            needed = objective.Plan.TotalBytes - objective.Plan.PackedBytes - objective.Plan.StagingBytes;
        });

        // Recorded products go before the kept primal does, and so do packed inputs, whose products round differently:
        // neither run has them.
        Use(deviceName, random, precision, roomy with { MemoryBudget = needed }, objective =>
        {
            Assert.True(objective.Plan.KeepsPrimal);
            Assert.Equal(0, objective.Plan.PackedBytes);
            kept = Everything(objective, random);
        });

        // One byte too few for the primal of every micro-batch.
        Use(deviceName, random, precision, roomy with { MemoryBudget = needed - 1 }, objective =>
        {
            Assert.False(objective.Plan.KeepsPrimal);
            recomputed = Everything(objective, random);
        });
        Assert.Equal(kept, recomputed);
    }

    /// <summary>⟨u, F v⟩ = (1/N) Σ ⟨∇ℓᵢ, u⟩⟨∇ℓᵢ, v⟩.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void TheEmpiricalFisherMatrixIsTheSecondMomentOfSlopes(
        string deviceName, string name, Precision precision) =>
        At(deviceName, name, precision, (point, v) =>
        {
            double[][] slopes = Rows(point.SampleSlopes(v), v.Count), vectors = Rows(v.ToArray(), v.Count);
            double[][] products = Rows(PlainComparison.Multiply(point, ProductKind.EmpiricalFisher, v), v.Count);
            for (int i = 0; i < v.Count; i++)
            {
                for (int j = 0; j < v.Count; j++)
                {
                    double expected = Dot(slopes[i], slopes[j]) / slopes[i].Length;
                    double slack = Slack(precision) * (Norm(vectors[i]) * Norm(products[j]));
                    double actual = Dot(vectors[i], products[j]);
                    Assert.False(
                        !(Math.Abs(expected - actual) <= slack), $"{i}, {j}: {expected:R}, but got {actual:R}");
                }
            }
        });

    [Theory]
    [MemberData(nameof(Cases))]
    public void TwoRunsGiveTheSameBits(string deviceName, string name, Precision precision)
    {
        RandomCase random = RandomCase.Make(name, 1);
        double[] first = [], second = [];
        Use(deviceName, random, precision, new ObjectiveOptions(), objective => first = Everything(objective, random));
        Use(deviceName, random, precision, new ObjectiveOptions(), objective => second = Everything(objective, random));
        Assert.Equal(first, second);
    }

    // Packing is the processor's own.
    [Theory]
    [InlineData("packed inputs")]
    [InlineData("packed inputs without bias")]
    [InlineData("packed shortcut")]
    [InlineData("threaded vectors")]
    public void PackedInputsAgreeWithPlainOnes(string name)
    {
        RandomCase random = RandomCase.Make(name, 1);
        var options = new ObjectiveOptions { MicroBatch = random.Samples, VectorsAtOnce = 3 };
        double[] packed = [], plain = [];
        long needed = 0;
        Use("cpu", random, Precision.Float32, options, objective =>
        {
            Assert.True(objective.Plan.PackedBytes > 0);
            needed = objective.Plan.TotalBytes - objective.Plan.PackedBytes;
            packed = Everything(objective, random);
        });
        Use("cpu", random, Precision.Float32, options with { MemoryBudget = needed }, objective =>
        {
            Assert.Equal(0, objective.Plan.PackedBytes);
            plain = Everything(objective, random);
        });
        AssertClose(plain, packed, Precision.Float32);
    }

    [Theory]
    [OnEachDevice(Precision.Float32)]
    [OnEachDevice(Precision.Float64)]
    public void TheHessianOfALinearModelWithSquaredLossIsItsGaussNewtonMatrix(string deviceName, Precision precision) =>
        At(deviceName, "linear", precision, (point, v) => AssertClose(
            PlainComparison.Multiply(point, ProductKind.GaussNewton, v),
            PlainComparison.Multiply(point, ProductKind.Hessian, v),
            precision));

    // Rounding errors of a product and of an inner product stay below this share of the norms in these small networks;
    // a fault in a pass is of the order of one.
    private static double Slack(Precision precision) => precision == Precision.Float32 ? 1e-4 : 1e-12;

    private static void At(
        string deviceName, string name, Precision precision, Action<LinearizationPoint, VectorBlock> use)
    {
        RandomCase random = RandomCase.Make(name, 1);
        Use(deviceName, random, precision, new ObjectiveOptions { MicroBatch = (random.Samples / 2) + 1 }, objective =>
        {
            using VectorBlock theta = PlainComparison.Block(objective.Device, precision, random.Parameters, 1);
            using VectorBlock v = PlainComparison.Block(
                objective.Device, precision, random.Vectors, PlainComparison.Vectors);
            use(objective.Linearize(theta), v);
        });
    }

    private static void Use(
        string deviceName, RandomCase random, Precision precision, ObjectiveOptions options, Action<Objective> use)
    {
        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(
            device, precision, random.Network, random.Loss, random.Inputs, random.Targets,
            options with { BatchNorm = BatchNormMode.Eval });
        use(objective);
    }

    private static double[] Everything(Objective objective, RandomCase random)
    {
        using VectorBlock theta = PlainComparison.Block(objective.Device, objective.Precision, random.Parameters, 1);
        using VectorBlock v = PlainComparison.Block(
            objective.Device, objective.Precision, random.Vectors, PlainComparison.Vectors);
        LinearizationPoint point = objective.Linearize(theta);
        return
        [
            .. point.SampleLosses, .. point.Gradient.ToArray(), .. point.SampleSlopes(v), .. point.SampleCurvatures(v),
            .. PlainComparison.Multiply(point, ProductKind.Hessian, v),
            .. PlainComparison.Multiply(point, ProductKind.GaussNewton, v),
        ];
    }

    private static void AssertClose(double[] expected, double[] actual, Precision precision)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Slack(precision) * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.False(
                !(Math.Abs(expected[i] - actual[i]) <= scale), $"element {i}: {expected[i]:R}, but got {actual[i]:R}");
        }
    }

    private static double[][] Rows(double[] block, int count) => [.. block.Chunk(block.Length / count)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Norm(double[] a) => Math.Sqrt(Dot(a, a));
}
