using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class ConvolutionTests
{
    private static readonly FeatureShape Image = new(5, 4, 3);

    [Theory]
    [InlineData(0, 3, 1, 1, "output channels")]
    [InlineData(2, 0, 1, 1, "kernel")]
    [InlineData(2, 3, 0, 1, "stride")]
    [InlineData(2, 3, 1, -1, "padding")]
    [InlineData(2, 7, 1, 1, "does not fit")]
    public void ShapesThatDoNotFitAreRefused(int channels, int kernel, int stride, int padding, string word) =>
        Refusal.Expect(() => _ = new Convolution(Image, channels, kernel, stride, padding), word);

    [Theory]
    [InlineData(3, 1, 1, 5, 4)]
    [InlineData(3, 2, 1, 3, 2)]
    [InlineData(4, 3, 0, 1, 1)]
    [InlineData(1, 2, 0, 3, 2)]
    public void TheOutputHasEveryWindowThatFits(int kernel, int stride, int padding, int height, int width) =>
        Assert.Equal(
            new FeatureShape(height, width, 7), new Convolution(Image, 7, kernel, stride, padding).OutputShape);

    [Fact]
    public void ParametersHavePyTorchsLayout()
    {
        var layer = new Convolution(Image, 2, (3, 2), stride: 1, padding: 0, bias: true);
        Assert.Equal<int>([2, 3, 3, 2], layer.Parameters[0].Shape);
        Assert.Equal<int>([2], layer.Parameters[1].Shape);
    }
}
