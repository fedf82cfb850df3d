using System.Globalization;
using System.Runtime.InteropServices;
using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

public sealed partial class MemoryTests(ITestOutputHelper output)
{
    private const int Products = 1000;
    private const long AllowedGrowth = 8L << 20;

    [Theory]
    [InlineData("mlp:16,16:tanh", 0)]
    [InlineData("cnn:4:relu:maxpool", 25)]
    public void AThousandProductsLeaveMemoryAsItWas(string model, int microBatch)
    {
        Dataset data = PlantedImages.Create(new PlantedImagesOptions { Samples = 60 }).Training;
        using var device = new CpuDevice(1);
        Network network = ModelCatalog.Build(
            model, new FeatureShape(data.Inputs.Shape[2], data.Inputs.Shape[3], data.Inputs.Shape[1]),
            data.OutputCount);
        using var objective = new Objective(
            device, Precision.Float32, network, Loss.Named("ce"), data.Inputs, data.Targets,
            new ObjectiveOptions { MicroBatch = microBatch });
        using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        using var direction = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        using var product = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
        direction.CopyFrom(Initialization.Named("pytorch").Create(network, 1));
        LinearizationPoint point = objective.Linearize(parameters);

        // What is made once, on first use, is no growth.
        Multiply(100);
        (long bytes, int buffers) = (device.LiveBytes, device.LiveBuffers);
        long resident = ResidentBytes();
        Multiply(Products);
        Assert.Equal(bytes, device.LiveBytes);
        Assert.Equal(buffers, device.LiveBuffers);

        // Other tests of this process may allocate meanwhile: only growth that more products repeat is a leak.
        long growth = long.MaxValue;
        for (int attempt = 0; attempt < 5 && growth > AllowedGrowth; attempt++)
        {
            growth = ResidentBytes() - resident;
            resident = ResidentBytes();
            Multiply(Products);
        }

        Assert.True(growth <= AllowedGrowth, $"{Products} products take {growth} bytes more.");

        void Multiply(int times)
        {
            for (int i = 0; i < times; i++)
            {
                point.Multiply(ProductKind.Hessian, direction, product);
            }
        }
    }

    // With one vector and one micro-batch; the first size is for what is made once, on first use.
    [Theory]
    [InlineData("resnet18:groupnorm:16", 2, 48)]
    [InlineData("vit:4:2:128:4", 2, 128)]
    public void APlanHoldsAndAProductTakesLittleMoreThanAGradient(string model, int few, int many)
    {
        using var device = new CpuDevice(1);
        Network network = ModelCatalog.Build(model, new FeatureShape(32, 32, 3), 10);
        _ = OnAThreadOfItsOwn(() => Measure(few));
        (MemoryPlan plan, long gradient, long product) = OnAThreadOfItsOwn(() => Measure(many));
        output.WriteLine($"gradient {gradient >> 20} MiB of {plan.GradientPeakBytes >> 20}, product {product >> 20} of {plan.ProductPeakBytes >> 20}");
        Assert.InRange(gradient / (double)plan.GradientPeakBytes, 0.9, 1.1);
        Assert.InRange(product / (double)plan.ProductPeakBytes, 0.9, 1.1);
        Assert.InRange(product / (double)gradient, 1, 2.2);

        (MemoryPlan Plan, long Gradient, long Product) Measure(int samples)
        {
            HostTensor inputs = HostTensor.From<float>(new float[samples * 3072], samples, 3, 32, 32);
            HostTensor targets = HostTensor.From<long>(new long[samples], samples);
            using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
            parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
            _ = TrimHeap(0);
            long before = ResidentBytes();
            using var objective = new Objective(
                device, Precision.Float32, network, new CrossEntropy(), inputs, targets,
                new ObjectiveOptions { MicroBatch = samples, VectorsAtOnce = 1 });
            objective.Linearize(parameters, keepPrimal: false);
            long gradient = ResidentBytes() - before;
            using var direction = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
            using var product = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
            direction.CopyFrom(parameters);
            objective.Linearize(parameters).Multiply(ProductKind.Hessian, direction, product);
            return (objective.Plan, gradient, ResidentBytes() - before);
        }
    }

    // The working memory of operations belongs to their thread: a fresh one has none from the tests before.
    private static T OnAThreadOfItsOwn<T>(Func<T> measure) =>
        Task.Factory.StartNew(measure, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .GetAwaiter().GetResult();

    // Gives freed memory back to the system, so that what is taken next is seen to be taken.
    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint pad);

    private static long ResidentBytes()
    {
        GC.Collect();
        string line = File.ReadLines("/proc/self/status")
            .First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
