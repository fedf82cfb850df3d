using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class StateDictTests
{
    private static readonly Network Model = ModelCatalog.Build("cnn:4,2:relu:maxpool", new FeatureShape(8, 8, 3), 5);

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    public void ParametersComeBackUnderPyTorchsNames(ElementType type)
    {
        using var folder = new TemporaryFolder();
        string path = folder["model.safetensors"];
        double[] parameters =
            [.. Initialization.Named("pytorch").Create(Model, 3).Select(value => (double)(float)value)];
        SafeTensors.Write(path, StateDict.Tensors(Model, parameters, type));
        Assert.Equal(parameters, StateDict.Read(path, Model));

        OrderedDictionary<string, HostTensor> tensors = SafeTensors.Read(path).Tensors;
        Assert.Equal(["0.bias", "0.weight", "3.bias", "3.weight", "7.bias", "7.weight"], tensors.Keys.Order(
            StringComparer.Ordinal));
        Assert.Equal([2, 4, 3, 3], tensors["3.weight"].Shape.AsSpan().ToArray());
        Assert.Equal(type, tensors["3.weight"].Type);
    }

    [Fact]
    public void TheOrderOfTheFileDoesNotMatter()
    {
        using var folder = new TemporaryFolder();
        double[] parameters = [.. Enumerable.Range(0, (int)Model.ParameterCount).Select(i => (double)i)];
        SafeTensors.Write(folder["a"], StateDict.Tensors(Model, parameters, ElementType.Float64).Reverse());
        Assert.Equal(parameters, StateDict.Read(folder["a"], Model));
    }
}
