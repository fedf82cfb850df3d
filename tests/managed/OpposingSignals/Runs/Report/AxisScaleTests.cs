using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

public sealed class AxisScaleTests
{
    [Fact]
    public void LinearTicksAreRoundAndWithinTheEnds()
    {
        var scale = new AxisScale(-0.3, 1.04, 200, 0, logarithmic: false);
        Assert.Equal([-0.2, 0, 0.2, 0.4, 0.6, 0.8, 1], scale.Ticks(6).Select(t => Math.Round(t, 12)));
        Assert.Equal(200, scale.Pixel(-0.3), 9);
        Assert.Equal(0, scale.Pixel(1.04), 9);
    }

    [Fact]
    public void StepTicksAreWhole()
    {
        var scale = new AxisScale(10, 13, 0, 100, logarithmic: false);
        Assert.Equal([10.0, 11, 12, 13], scale.Ticks(9, whole: true));
    }

    [Theory]
    [InlineData(0.9, 1200, 4, new[] { 1.0, 10, 100, 1000 })]
    [InlineData(0.9, 60, 4, new[] { 1.0, 2, 5, 10, 20, 50 })]
    [InlineData(0.9e-12, 1.1, 4, new[] { 1e-12, 1e-9, 1e-6, 1e-3, 1 })]
    public void LogarithmicTicksAreRoundAndFew(double low, double high, int about, double[] expected)
    {
        IReadOnlyList<double> ticks = new AxisScale(low, high, 0, 100, logarithmic: true).Ticks(about);
        Assert.Equal(expected.Length, ticks.Count);
        Assert.All(expected.Zip(ticks), pair => Assert.Equal(1, pair.First / pair.Second, 9));
    }
}
