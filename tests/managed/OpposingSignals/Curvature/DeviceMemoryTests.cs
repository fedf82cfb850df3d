using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

/// <summary>What a GPU's memory is asked for, beside the plan.</summary>
public sealed class DeviceMemoryTests(ITestOutputHelper output)
{
    // The last micro-batch is smaller than the others.
    [Theory]
    [InlineData("mlp:40,40:tanh", 40, 16, 4)]
    [InlineData("cnn:24,24:tanh:avgpool", 5, 3, 3)]
    [InlineData("vit:8:1:32:2", 5, 3, 4)]
    public void AProductTakesWhatThePlanSays(string model, int samples, int microBatch, int vectors)
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = ModelCatalog.Build(model, new FeatureShape(16, 16, 3), 10);
        using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
        long before = device.LiveBytes;
        device.ResetPeak();
        using var objective = new Objective(
            device, Precision.Float32, network, new CrossEntropy(),
            HostTensor.From<float>(new float[samples * 768], samples, 3, 16, 16),
            HostTensor.From<long>(new long[samples], samples),
            new ObjectiveOptions { MicroBatch = microBatch, VectorsAtOnce = vectors });
        using var directions = new VectorBlock(device, Precision.Float32, vectors, network.ParameterCount);
        using var products = new VectorBlock(device, Precision.Float32, vectors, network.ParameterCount);
        directions.Clear();
        LinearizationPoint point = objective.Linearize(parameters);
        for (int count = 1; count <= vectors; count++)
        {
            point.Multiply(ProductKind.Hessian, directions.Rows(0, count), products.Rows(0, count));
        }

        point.SampleCurvatures(directions.Rows(0, 1));
        long peak = device.PeakBytes - before, scratch = objective.Plan.ScratchBytes;
        output.WriteLine(
            $"{model}: peak {peak}, plan {objective.Plan.ProductPeakBytes}, of which operations {scratch}");
        Assert.InRange(peak / (double)objective.Plan.ProductPeakBytes, 0.9, 1.1);

        // What was reserved was enough: nothing more was taken for operations. Without a plan it would be a mebibyte at
        // least.
        Assert.True(scratch > 0);
        Assert.Equal(scratch, device.ScratchBytes);
    }
}
