using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Networks;

/// <summary>Dropout with a fixed mask: one function of θ, whose derivatives are exact.</summary>
public sealed class DropoutTests
{
    private const int Samples = 7;
    private const int Inputs = 5;

    // Central differences with h = 1e-5 err by about h² and by rounding of 1e-16 / h.
    private const double DifferenceStep = 1e-5;
    private const double DifferenceBound = 1e-6;

    [Theory]
    [OnEachDevice]
    public void ProductsAreTheDerivativeOfTheGradient(string deviceName)
    {
        Network network = Make(rate: 0.4);
        double[] theta = Draw(network, 1), direction = Draw(network, 2);
        double[] product = Evaluate(deviceName, network, theta, direction).Product;
        double[] after = Evaluate(deviceName, network, Moved(theta, direction, DifferenceStep)).Gradient;
        double[] before = Evaluate(deviceName, network, Moved(theta, direction, -DifferenceStep)).Gradient;
        for (int p = 0; p < product.Length; p++)
        {
            Assert.Equal((after[p] - before[p]) / (2 * DifferenceStep), product[p], DifferenceBound);
        }
    }

    [Theory]
    [OnEachDevice(1)]
    [OnEachDevice(3)]
    [OnEachDevice(Samples)]
    public void AMicroBatchDoesNotChangeTheMask(string deviceName, int microBatch)
    {
        Network network = Make(rate: 0.4);
        double[] theta = Draw(network, 1), direction = Draw(network, 2);
        (double[] losses, double[] gradient, double[] product) = Evaluate(deviceName, network, theta, direction, 2);
        (double[] otherLosses, double[] otherGradient, double[] otherProduct) =
            Evaluate(deviceName, network, theta, direction, microBatch);
        AssertClose(losses, otherLosses);
        AssertClose(gradient, otherGradient);
        AssertClose(product, otherProduct);
    }

    [Theory]
    [OnEachDevice]
    public void EvaluationAndARateOfZeroDropNothing(string deviceName)
    {
        Network dropping = Make(rate: 0.4), zero = Make(rate: 0), none = Make(rate: null);
        double[] theta = Draw(none, 1);
        double[] expected = Evaluate(deviceName, none, theta).Losses;
        Assert.Equal(expected, Evaluate(deviceName, zero, theta).Losses);
        Assert.Equal(expected, Evaluate(deviceName, dropping, theta, dropout: false).Losses);
        Assert.NotEqual(expected, Evaluate(deviceName, dropping, theta).Losses);
        Assert.NotEqual(
            Evaluate(deviceName, Make(rate: 0.4, seed: 9), theta).Losses, Evaluate(deviceName, dropping, theta).Losses);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void RatesOutOfRangeAreRefused(double rate) =>
        Assert.Throws<InputException>(() => new Dropout(FeatureShape.Vector(1), rate, 0));

    // A branch of dropout alone adds its cotangent to the other branch's.
    private static Network Make(double? rate, ulong seed = 3)
    {
        var builder = new NetworkBuilder(FeatureShape.Vector(Inputs));
        Drop(builder).Linear(6).Activation(ActivationKind.Tanh);
        Drop(builder).Linear(6).Activation(ActivationKind.Silu)
            .Residual(branch => Drop(branch).Linear(6), shortcut => Drop(shortcut)).Linear(2);
        return builder.Build();

        NetworkBuilder Drop(NetworkBuilder to) => rate is { } value ? to.Dropout(value, seed++) : to;
    }

    private static double[] Draw(Network network, ulong seed)
    {
        var random = new Xoshiro256(seed);
        return [.. Enumerable.Range(0, (int)network.ParameterCount).Select(_ => 0.3 * random.NextGaussian())];
    }

    private static double[] Moved(double[] from, double[] direction, double by) =>
        [.. from.Zip(direction, (value, slope) => value + (by * slope))];

    private static (double[] Losses, double[] Gradient, double[] Product) Evaluate(
        string deviceName, Network network, double[] theta, double[]? direction = null, int microBatch = 3,
        bool dropout = true)
    {
        var random = new Xoshiro256(7);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 0.3 * random.NextGaussian())];

        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(
            device, Precision.Float64, network, Loss.Named("mse"),
            HostTensor.From<double>(Numbers(Samples * Inputs), Samples, Inputs),
            HostTensor.From<double>(Numbers(Samples * 2), Samples, 2),
            new ObjectiveOptions { MicroBatch = microBatch, Dropout = dropout });
        using VectorBlock parameters = PlainComparison.Block(device, Precision.Float64, theta, 1);
        using VectorBlock along = PlainComparison.Block(device, Precision.Float64, direction ?? theta, 1);
        using var product = new VectorBlock(device, Precision.Float64, 1, network.ParameterCount);
        LinearizationPoint point = objective.Linearize(parameters);
        point.Multiply(ProductKind.Hessian, along, product);
        return (point.SampleLosses.ToArray(), point.Gradient.ToArray(), product.ToArray());
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-12);
        }
    }
}
