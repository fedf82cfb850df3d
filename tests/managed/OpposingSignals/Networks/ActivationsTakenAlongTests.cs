using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Networks;

public sealed class ActivationsTakenAlongTests
{
    public static TheoryData<string, Func<NetworkBuilder, NetworkBuilder>, string[]> Networks => new()
    {
        { "all", b => b.Flatten().Linear(9).Activation(ActivationKind.Gelu).Linear(8).Activation(ActivationKind.Relu), [] },
        {
            "a pool behind it", b => b.Convolution(4, kernel: 3).Activation(ActivationKind.Silu).MaxPool(2).Flatten(),
            ["first_order", "tangent_backward"]
        },
        {
            "a pool before it", b => b.Convolution(4, kernel: 3).AveragePool(2).Activation(ActivationKind.Relu)
                .Convolution(4, kernel: 1).Flatten(),
            ["forward", "first_order"]
        },
        {
            "a normalisation before it", b => b.Convolution(4, kernel: 3).GroupNorm(2).Activation(ActivationKind.Tanh)
                .Convolution(4, kernel: 1).Flatten(),
            []
        },
        {
            "a sum before it", b => b.Flatten().Linear(8).Residual(r => r.Linear(8)).Activation(ActivationKind.Silu), []
        },
        {
            "one that normalises rows", b => b.Flatten().Linear(8).LayerNorm().Activation(ActivationKind.Tanh),
            ["forward", "first_order"]
        },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void AGpuHasNoKernelsForActivationsThatGoAlong(
        string beside, Func<NetworkBuilder, NetworkBuilder> layers, string[] own)
    {
        Assert.NotEmpty(beside);
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = layers(new NetworkBuilder(new FeatureShape(6, 6, 1))).Linear(3).Build();
        using var objective = new Objective(
            device, Precision.Float32, network, new CrossEntropy(), HostTensor.From<float>(new float[5 * 36], 5, 1, 6, 6),
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
            own.Select(pass => $"activation/activation_{pass}_float32").Order(),
            device.StartedKernels.Where(name => name.StartsWith("activation/", StringComparison.Ordinal)).Order());
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
