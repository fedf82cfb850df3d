using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class NetworkBuilderTests
{
    [Fact]
    public void NetworksThatCannotBeAreRefused()
    {
        Refusal.Expect(() => _ = new NetworkBuilder(new FeatureShape(0, 1, 1)), "positive extents");
        Refusal.Expect(() => new NetworkBuilder(FeatureShape.Vector(3)).Build(), "at least one layer");
        Refusal.Expect(
            () => new NetworkBuilder(FeatureShape.Vector(3)).Activation(ActivationKind.Tanh).Build(),
            "without parameters");
        Refusal.Expect(
            () => new NetworkBuilder(FeatureShape.Vector(3)).Residual(branch => branch.Linear(4)), "4", "3", "agree");
    }

    [Fact]
    public void ParametersAreNamedAndPlacedAsInSequentialModules()
    {
        Network network = new NetworkBuilder(new FeatureShape(4, 4, 2))
            .Convolution(3, kernel: 3).Activation(ActivationKind.Relu)
            .Residual(
                branch => branch.Convolution(3, kernel: 1, bias: false), shortcut => shortcut.Convolution(3, kernel: 1))
            .Flatten().Linear(5).Build();
        Assert.Equal(
            ["0.weight", "0.bias", "2.branch.0.weight", "2.shortcut.0.weight",
                "2.shortcut.0.bias", "4.weight", "4.bias"],
            network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal([0L, 54, 57, 66, 75, 78, 138], network.Parameters.Select(parameter => parameter.Offset));
        Assert.Equal(143, network.ParameterCount);
    }

    [Fact]
    public void NamedLayersStandUnderTheirBlock()
    {
        Network network = new NetworkBuilder(FeatureShape.Vector(3))
            .Named("stem").Linear(3, bias: false).Activation(ActivationKind.Relu)
            .Named("layer1.0").Residual(
                branch => branch.Named("fc1").Linear(3, bias: false).Linear(3, bias: false),
                shortcut => shortcut.Linear(3, bias: false).Named("norm").LayerNorm())
            .Linear(2, bias: false)
            .Build();
        Assert.Equal(
            [
                "stem.weight", "layer1.0.fc1.weight", "layer1.0.branch.1.weight", "layer1.0.shortcut.0.weight",
                "layer1.0.norm.weight", "layer1.0.norm.bias", "3.weight",
            ],
            network.Parameters.Select(parameter => parameter.Name));
    }

    [Fact]
    public void NamesAreGivenOnce()
    {
        var builder = new NetworkBuilder(FeatureShape.Vector(3)).Named("a").Linear(3);
        Assert.Contains("'a.weight'", Assert.Throws<InputException>(() => builder.Named("a").Linear(3)).Message,
            StringComparison.Ordinal);
    }
}
