using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Networks;

/// <summary>Names that a network's parameters get.</summary>
public sealed class NetworkBuilderTests
{
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
        Assert.Contains("'a.weight'", Assert.Throws<InputException>(() => builder.Named("a").Linear(3)).Message, StringComparison.Ordinal);
    }
}
