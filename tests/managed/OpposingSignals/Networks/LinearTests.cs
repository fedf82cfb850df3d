using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class LinearTests
{
    [Theory]
    [InlineData(0, 3, "inputs")]
    [InlineData(3, 0, "outputs")]
    [InlineData(3, -1, "outputs")]
    public void ExtentsMustBePositive(int inputs, int outputs, string which) =>
        Refusal.Expect(() => _ = new Linear(inputs, outputs), which, "at least 1");

    [Fact]
    public void AnImageMustBeFlattenedFirst() =>
        Refusal.Expect(() => new NetworkBuilder(new FeatureShape(2, 3, 4)).Linear(5), "2x3x4", "Flatten");

    [Fact]
    public void ParametersHavePyTorchsLayout()
    {
        var layer = new Linear(3, 2);
        Assert.Equal<int>([2, 3], layer.Parameters[0].Shape);
        Assert.Equal<int>([2], layer.Parameters[1].Shape);
        Assert.Equal("weight", Assert.Single(new Linear(3, 2, bias: false).Parameters).Name);
    }
}
