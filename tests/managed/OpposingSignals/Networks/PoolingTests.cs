using OpposingSignals.Networks;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Networks;

public sealed class PoolingTests
{
    private static readonly FeatureShape Image = new(20, 20, 3);

    [Fact]
    public void WindowsThatDoNotFitAreRefused()
    {
        Refusal.Expect(() => Pooling.Max(Image, 3, padding: 2), "max pool", "half its kernel");
        Refusal.Expect(() => Pooling.Max(Image, 17), "256");
        Refusal.Expect(() => Pooling.Average(Image, 21), "does not fit");
        Refusal.Expect(() => Pooling.Average(Image, 0), "average pool", "kernel");
        Refusal.Expect(() => Pooling.Average(Image, 3, stride: 1, padding: -1), "padding");
    }

    [Fact]
    public void TheStrideIsTheKernelUnlessItIsGiven()
    {
        Assert.Equal(new FeatureShape(10, 10, 3), Pooling.Max(Image, 2).OutputShape);
        Assert.Equal(new FeatureShape(19, 19, 3), Pooling.Average(Image, 2, stride: 1).OutputShape);
        Assert.Equal(new FeatureShape(1, 1, 3), Pooling.GlobalAverage(Image).OutputShape);
    }
}
