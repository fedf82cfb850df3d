using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class LossTests
{
    private static readonly HostTensor TwoInputs = HostTensor.From<float>([1, 2, 3, 4, 5, 6], 2, 3);

    [Theory]
    [InlineData("ce", 3)]
    [InlineData("ce", -1)]
    [InlineData("mse", 3)]
    [InlineData("mse", -1)]
    public void ClassesOutsideTheOutputsAreRefused(string loss, long target) =>
        Refusal.Expect(
            () => Make(loss, TwoInputs, HostTensor.From<long>([0, target], 2)), $"class {target}", "3 outputs");

    [Fact]
    public void TargetsThatDoNotFitAreRefused()
    {
        Refusal.Expect(() => Make("ce", TwoInputs, HostTensor.From<float>([0, 1], 2)), "integer class", "mse");
        Refusal.Expect(() => Make("mse", TwoInputs, HostTensor.From<float>([0, 1], 2)), "[2]", "3 outputs");
        Refusal.Expect(() => Make("ce", TwoInputs, HostTensor.From<long>([0, 1, 2], 3)), "2 inputs", "[3]");
    }

    [Fact]
    public void InputsThatDoNotFitAreRefused()
    {
        HostTensor targets = HostTensor.From<long>([0, 1], 2);
        Refusal.Expect(() => Make("ce", HostTensor.From<float>([1, 2, 3, 4], 2, 2), targets), "[2, 2]", "input is 3");
        Refusal.Expect(() => Make("ce", HostTensor.From<long>([1, 2, 3, 4, 5, 6], 2, 3), targets), "Int64");
        Refusal.Expect(() => Make("ce", new HostTensor(ElementType.Float32, 0, 3), targets), "[0, 3]");
    }

    [Fact]
    public void AnUnknownNameListsTheKnownOnes() => Refusal.Expect(() => Loss.Named("hinge"), "hinge", "ce", "mse");

    [Fact]
    public void IntegerTargetsOfTheSquaredErrorAreOneHotVectors()
    {
        HostTensor classes = HostTensor.From<long>([2, 0], 2);
        HostTensor oneHot = HostTensor.From<double>([0, 0, 1, 1, 0, 0], 2, 3);
        var loss = new SquaredError();
        Assert.Equal(
            loss.PrepareTargets(oneHot, FeatureShape.Vector(3), Precision.Float64),
            loss.PrepareTargets(classes, FeatureShape.Vector(3), Precision.Float64));
        Assert.Equal(
            loss.PrepareTargets(oneHot, FeatureShape.Vector(3), Precision.Float32),
            loss.PrepareTargets(classes, FeatureShape.Vector(3), Precision.Float32));
    }

    private static void Make(string loss, HostTensor inputs, HostTensor targets)
    {
        using var device = new CpuDevice();
        long buffers = device.LiveBuffers;
        try
        {
            Network network = new NetworkBuilder(FeatureShape.Vector(3)).Linear(3).Build();
            using var objective = new Objective(device, Precision.Float32, network, Loss.Named(loss), inputs, targets);
        }
        finally
        {
            Assert.Equal(buffers, device.LiveBuffers);
        }
    }
}
