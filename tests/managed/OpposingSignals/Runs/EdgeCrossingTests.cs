using OpposingSignals.Runs;

namespace OpposingSignals.Tests.Runs;

public sealed class EdgeCrossingTests
{
    [Theory]
    [InlineData(new double[] { }, null)]
    [InlineData(new double[] { 1, 2, 4, 3 }, null)]
    [InlineData(new double[] { 1, double.NaN, 5, 3 }, 20L)]
    [InlineData(new double[] { 9, 3, 3, 5 }, 30L)]
    [InlineData(new double[] { double.NaN, 9, 8 }, 10L)]
    [InlineData(new double[] { 9, 3, 2 }, 0L)]
    [InlineData(new double[] { 5 }, 0L)]
    public void TheEdgeIsReachedFromBelowWhereTheRunEverIsBelow(double[] sharpness, long? expected) =>
        Assert.Equal(expected, EdgeCrossing.Find([.. sharpness.Select((_, i) => 10L * i)], sharpness, threshold: 4));
}
