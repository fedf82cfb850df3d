using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

public sealed class MemoryTests(ITestOutputHelper output)
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

    [Theory]
    [InlineData("resnet18:groupnorm:16", 48)]
    [InlineData("vit:4:2:128:4", 128)]
    public void APlanHoldsAndAProductTakesLittleMoreThanAGradient(string model, int samples)
    {
        PlanMemory measured = PlanMemory.Of(model, samples);
        output.WriteLine(
            $"gradient {measured.Gradient >> 20} MiB of {measured.PlannedGradient >> 20}, " +
            $"product {measured.Product >> 20} of {measured.PlannedProduct >> 20}");
        Assert.InRange(measured.Gradient / (double)measured.PlannedGradient, 0.9, 1.1);
        Assert.InRange(measured.Product / (double)measured.PlannedProduct, 0.9, 1.1);
        Assert.InRange(measured.Product / (double)measured.Gradient, 1, 2.2);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        return ResidentMemory.Now;
    }
}
