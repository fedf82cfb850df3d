using OpposingSignals.Networks;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Networks;

public sealed class ActivationTests
{
    public static TheoryData<ActivationKind> Kinds => [.. Enum.GetValues<ActivationKind>()];

    /// <summary>The plain derivatives, which the bounds rest on, against differences of the plain function.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void PlainDerivativesAreThoseOfThePlainFunction(ActivationKind kind)
    {
        const double parameter = 0.3, step = 1e-4;
        double Value(double x) => PlainActivation.Value(kind, parameter, x).Value;
        double First(double x) => PlainActivation.First(kind, parameter, x).Value;
        for (double x = -4.15; x < 4; x += 0.1)
        {
            // Central differences: error h² φ'''/6 and rounding u/h, both below 1e-8.
            double first = (Value(x + step) - Value(x - step)) / (2 * step);
            double second = (First(x + step) - First(x - step)) / (2 * step);
            Assert.False(!(Math.Abs(first - First(x)) <= 3e-8), $"{kind}' at {x}");
            Assert.False(
                !(Math.Abs(second - PlainActivation.Second(kind, parameter, x).Value) <= 3e-8), $"{kind}'' at {x}");
        }
    }

    [Fact]
    public void ANumberWithinItsErrorOfAKinkIsNotDecided()
    {
        var close = new Bounded(1e-9, 1e-8);
        Assert.Throws<UndecidedException>(() => PlainActivation.Value(ActivationKind.Relu, 0, close));
        Assert.Throws<UndecidedException>(() => PlainActivation.First(ActivationKind.LeakyRelu, 0.1, close));
        Assert.Throws<UndecidedException>(() => PlainActivation.First(ActivationKind.Hardtanh, 0, 1 + close));
        Assert.Equal(0, PlainActivation.First(ActivationKind.Relu, 0, 0).Value);
    }

    [Fact]
    public void ParametersDefaultToPyTorchs()
    {
        FeatureShape shape = FeatureShape.Vector(2);
        Assert.Equal(0.01, new Activation(ActivationKind.LeakyRelu, shape).Parameter);
        Assert.Equal(1, new Activation(ActivationKind.Elu, shape).Parameter);
        Assert.Equal(0.5, new Activation(ActivationKind.Elu, shape, 0.5).Parameter);
    }
}
