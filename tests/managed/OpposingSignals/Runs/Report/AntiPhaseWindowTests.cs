using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

public sealed class AntiPhaseWindowTests
{
    [Fact]
    public void TheWindowWithTheStrongestOppositionAfterTheStartIsChosen()
    {
        // Opposition everywhere, strongest from step 10 (before the start) and from step 200 on.
        ReportSeries up = Alternating(300, t => t is >= 10 and < 60 ? 9 : t is >= 200 and < 260 ? 4 : 1);
        ReportSeries down = Alternating(300, t => t is >= 10 and < 60 ? -9 : t is >= 200 and < 260 ? -4 : -1);
        Assert.InRange(AntiPhaseWindow.Find(up, down, from: 100, steps: 60)!.Value, 199, 201);
        Assert.InRange(AntiPhaseWindow.Find(up, down, from: 0, steps: 50)!.Value, 9, 11);
    }

    [Fact]
    public void SeriesWithoutAdjacentStepsHaveNoWindow()
    {
        var series = new ReportSeries([0, 2, 4], [1, 2, 1]);
        Assert.Null(AntiPhaseWindow.Find(series, series, 0, 60));
        Assert.Null(AntiPhaseWindow.Find(ReportSeries.Empty, series, 0, 60));
    }

    [Fact]
    public void OnlyStepsThatBothSeriesHaveAreCompared()
    {
        var a = new ReportSeries([0, 1, 10, 11], [0, 5, 0, 1]);
        var b = new ReportSeries([5, 6, 10, 11], [0, 5, 1, 0]);
        Assert.Equal(11, AntiPhaseWindow.Find(a, b, 0, 60));
    }

    [Fact]
    public void CuttingKeepsBothEnds()
    {
        var series = new ReportSeries([0, 2, 4, 6], [0, 1, 2, 3]);
        Assert.Equal([2L, 4L], AntiPhaseWindow.Cut(series, 1, 4).Steps.ToArray());
        Assert.Empty(AntiPhaseWindow.Cut(series, 7, 9).Steps);
    }

    private static ReportSeries Alternating(int steps, Func<int, double> amplitude) => new(
        [.. Enumerable.Range(0, steps).Select(t => (long)t)],
        [.. Enumerable.Range(0, steps).Select(t => (t & 1) == 0 ? amplitude(t) : -amplitude(t))]);
}
