using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class OpposingStretchTests
{
    private const int Steps = 200;

    [Fact]
    public void APairThatHasEndedIsSeenWhereItLasted()
    {
        (double[] a, double[] b) = Trajectories(opposedFrom: 40, opposedTo: 120);
        OpposingStretch stretch = OpposingStretch.Find(a, b);
        Assert.InRange(stretch.Start, 35, 45);
        Assert.InRange(stretch.Start + stretch.Length, 115, 125);
        Range rows = stretch.Start..(stretch.Start + stretch.Length);
        Assert.True(CampMeasures.Correlation(a[rows], b[rows]) < -0.9);
        Assert.True(CampMeasures.Correlation(a, b) > -0.5);
    }

    [Fact]
    public void AStepInWhichBothRiseDoesNotEndIt()
    {
        (double[] a, double[] b) = Trajectories(opposedFrom: 0, opposedTo: Steps);
        a[100] = b[100] = 50;
        Assert.Equal(new OpposingStretch(0, Steps), OpposingStretch.Find(a, b));
    }

    [Fact]
    public void WhereAFewRowsOpposeTheWholeWindowCounts()
    {
        (double[] a, double[] b) = Trajectories(opposedFrom: 40, opposedTo: 50);
        Assert.Equal(new OpposingStretch(0, Steps), OpposingStretch.Find(a, b));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(double.NaN)]
    public void CampsThatDoNotMoveOpposeNowhere(double value)
    {
        double[] still = [.. Enumerable.Repeat(value, Steps)];
        Assert.Equal(new OpposingStretch(0, Steps), OpposingStretch.Find(still, still));
    }

    // Opposed within, in step outside.
    private static (double[] A, double[] B) Trajectories(int opposedFrom, int opposedTo)
    {
        var random = new Xoshiro256(1);
        double[] a = [.. Enumerable.Range(0, Steps).Select(t => (t % 2 == 0 ? 1 : -1) * (1 + random.NextDouble()))];
        double[] b = [.. a.Select(
            (value, t) => (t >= opposedFrom && t < opposedTo ? -1 : 1) * value * (1 + (0.2 * random.NextGaussian())))];
        return (a, b);
    }
}
