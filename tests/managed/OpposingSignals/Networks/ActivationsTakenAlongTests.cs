using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Networks;

public sealed class ActivationsTakenAlongTests
{
    [Theory]
    [InlineData("mlp:9,8:tanh", false)]
    [InlineData("mlp:9,8:gelu", false)]

    // A pool before, which takes nothing along, and one behind.
    [InlineData("cnn:4,4:silu:maxpool", true)]
    public void AGpuHasNoKernelsForActivationsBesideProducts(string model, bool hasOwn)
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = ModelCatalog.Build(model, new FeatureShape(8, 8, 1), 3);
        using var objective = new Objective(
            device, Precision.Float32, network, new CrossEntropy(), HostTensor.From<float>(new float[5 * 64], 5, 1, 8, 8),
            HostTensor.From<long>(new long[5], 5), new ObjectiveOptions { VectorsAtOnce = 2 });
        using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        using var directions = new VectorBlock(device, Precision.Float32, 2, network.ParameterCount);
        using var products = new VectorBlock(device, Precision.Float32, 2, network.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
        directions.Clear();
        LinearizationPoint point = objective.Linearize(parameters);
        point.Multiply(ProductKind.Hessian, directions, products);
        point.Multiply(ProductKind.GaussNewton, directions, products);
        Assert.Equal(
            hasOwn, device.StartedKernels.Any(name => name.StartsWith("activation/", StringComparison.Ordinal)));
    }

    [Fact]
    public void ALayerThatTakesNothingLeavesThePassToBeRun()
    {
        using var device = new CpuDevice(1);
        using DeviceBuffer buffer = device.Allocate(2 * sizeof(float));
        device.Upload<float>([-1, 2], buffer.Address);
        var relu = new Activation(ActivationKind.Relu, FeatureShape.Vector(2));
        LayerPass pass = LayerPass.Nowhere(relu, device, Precision.Float32, 1, 1);
        (pass.Inputs, pass.Output) = ([buffer.Address], buffer.Address);
        pass.Following = relu.ForwardArguments(pass);
        pass.FinishFollowing();
        pass.FinishFollowing();
        float[] after = new float[2];
        device.Download<float>(buffer.Address, after);
        Assert.Equal([0, 2], after);
        Assert.Equal(ActivationPass.None, pass.TakeFollowing().Pass);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda-emulated")]
    public void AProductThatAddsGoesOnWithNothing(string name)
    {
        using Device device = Device.Named(name, threads: 1);
        using DeviceBuffer buffer = device.Allocate(256);
        device.Upload<float>(new float[64], buffer.Address);
        var relu = new Activation(ActivationKind.Relu, FeatureShape.Vector(1));
        LayerPass pass = LayerPass.Nowhere(relu, device, Precision.Float32, 1, 1);
        (pass.Inputs, pass.Output) = ([buffer.Address], buffer.Address);
        var view = new VectorView(buffer.Address, 0);
        NativeException refusal = Assert.Throws<NativeException>(() => Products.Run(
            pass, 1, 1, 1, 1, [(new Operand(view, 1), new Operand(view, 1))], view, accumulate: true,
            then: relu.ForwardArguments(pass)));
        Assert.Equal(NativeStatus.InvalidArgument, refusal.Status);
        Assert.Contains("goes on with nothing", refusal.Message, StringComparison.Ordinal);
    }
}
