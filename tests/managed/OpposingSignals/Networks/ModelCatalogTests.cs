using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Networks;

public sealed class ModelCatalogTests
{
    private static readonly FeatureShape Cifar = new(32, 32, 3);

    [Theory]
    [InlineData("linear", 30_730)]
    [InlineData("mlp:200,200:tanh", 656_810)]
    [InlineData("mlp:200,200:tanh:nobias", 656_400)]
    [InlineData("mlp:200,200:tanh:nooutbias", 656_800)]
    [InlineData("mlp:200,200:tanh:nooutbias:dropout=0.5", 656_800)]
    [InlineData("cnn:32,32:relu:maxpool", 30_634)]
    [InlineData("convnet:8,M,16,A:gelu", 1_562)]
    public void AModelHasPyTorchsNumberOfParameters(string name, long parameters)
    {
        Network network = ModelCatalog.Build(name, Cifar, 10);
        Assert.Equal(parameters, network.ParameterCount);
        Assert.Equal(10, network.Outputs);
        Assert.Equal(name, network.Name);
    }

    [Fact]
    public void NamesAreThoseOfASequentialModelThatBeginsWithFlatten()
    {
        Assert.Equal(
            ["1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias"], Names("mlp:200,200:tanh", Cifar));
        Assert.Equal(["0.weight", "0.bias", "2.weight", "2.bias"], Names("mlp:7:tanh", FeatureShape.Vector(4)));
    }

    [Fact]
    public void NamesOfAConvolutionNetworkCountActivationsPoolsAndFlatten() =>
        Assert.Equal(
            ["0.weight", "0.bias", "3.weight", "3.bias", "7.weight", "7.bias"], Names("cnn:32,32:relu:maxpool", Cifar));

    [Fact]
    public void WeightsHavePyTorchsShapes()
    {
        Network network = ModelCatalog.Build("cnn:32,16:relu:avgpool", Cifar, 10);
        Assert.Equal([32, 3, 3, 3], network.Parameters[0].Shape.AsSpan().ToArray());
        Assert.Equal([32], network.Parameters[1].Shape.AsSpan().ToArray());
        Assert.Equal([16, 32, 3, 3], network.Parameters[2].Shape.AsSpan().ToArray());
        Assert.Equal([10, 8 * 8 * 16], network.Parameters[4].Shape.AsSpan().ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("linear:3")]
    [InlineData("mlp")]
    [InlineData("mlp:8")]
    [InlineData("mlp::tanh")]
    [InlineData("mlp:0:tanh")]
    [InlineData("mlp:-8:tanh")]
    [InlineData("mlp:8:sine")]
    [InlineData("mlp:8:tanh:dropout=1")]
    [InlineData("mlp:8:tanh:dropout=half")]
    [InlineData("mlp:8:tanh:dropout=0.5:nobias")]
    [InlineData("mlp:8:tanh:somebias")]
    [InlineData("cnn:8:relu:noPool")]
    [InlineData("cnn:8,8,8,8,8,8:relu:maxpool")]
    [InlineData("convnet:M,M,M,M,M,M:relu")]
    public void AnythingElseIsRefusedByName(string name)
    {
        InputException e = Assert.Throws<InputException>(() => ModelCatalog.Build(name, Cifar, 10));
        Assert.DoesNotContain('\n', e.Message);
    }

    private static IEnumerable<string> Names(string model, FeatureShape input) =>
        ModelCatalog.Build(model, input, 10).Parameters.Select(parameter => parameter.Name);
}
