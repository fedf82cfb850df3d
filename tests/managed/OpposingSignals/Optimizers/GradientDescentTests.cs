using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Optimizers;

public sealed class GradientDescentTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void TheStepSizeMustBePositiveAndFinite(double stepSize) =>
        Assert.Throws<InputException>(() => new GradientDescent(stepSize));

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [Theory]
    [MemberData(nameof(Devices))]
    public void AStepGoesAgainstTheGradientAndKeepsWhatWasBefore(string name)
    {
        using Device device = TestDevices.Open(name);
        using var parameters = new VectorBlock(device, Precision.Float64, 1, 2);
        using var gradient = new VectorBlock(device, Precision.Float64, 1, 2);
        using var previous = new VectorBlock(device, Precision.Float64, 1, 2);
        parameters.CopyFrom([1.0, 2.0]);
        gradient.CopyFrom([4.0, -8.0]);
        new GradientDescent(0.25).Step(parameters, gradient, previous);
        Assert.Equal([0.0, 4.0], parameters.ToArray());
        Assert.Equal([1.0, 2.0], previous.ToArray());
        new GradientDescent(0.25).Step(parameters, gradient);
        Assert.Equal([-1.0, 6.0], parameters.ToArray());
    }

    // y = w x + b on the points ±√s has the Hessian diag(s, 1): with s = 4 the sharpness is 4 everywhere.
    [Theory]
    [OnEachDevice(0.49, false)]
    [OnEachDevice(0.51, true)]
    public void OnAQuadraticTheSharpnessIsConstantAndTheLossGrowsExactlyPastTwoOverTheStepSize(
        string deviceName, double stepSize, bool grows)
    {
        using Device device = TestDevices.Open(deviceName);
        Network network = new NetworkBuilder(FeatureShape.Vector(1)).Linear(1).Build();
        using var objective = new Objective(
            device,
            Precision.Float64,
            network,
            Loss.Named("mse"),
            HostTensor.From<double>([-2, 2], 2, 1),
            HostTensor.From<double>([0, 0], 2, 1));
        using var parameters = new VectorBlock(device, Precision.Float64, 1, 2);
        parameters.CopyFrom([1.0, 1.0]);
        var optimizer = new GradientDescent(stepSize);
        Assert.Equal(grows, optimizer.StabilityThreshold < 4);
        double first = double.NaN, last = double.NaN;
        for (int step = 0; step < 200; step++)
        {
            LinearizationPoint point = objective.Linearize(parameters);
            using EigenSolution top = new BlockLanczos(new LanczosOptions())
                .Solve(new CurvatureOperator(point, ProductKind.Hessian));
            Assert.Equal(4, top.Pairs[0].Value, 10);
            first = step == 0 ? point.Loss : first;
            last = point.Loss;
            optimizer.Step(parameters, point.Gradient);
        }

        Assert.True(grows ? last > 100 * first : last < first / 100, $"The loss went from {first} to {last}.");
    }
}
