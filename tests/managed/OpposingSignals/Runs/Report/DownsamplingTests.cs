using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

public sealed class DownsamplingTests
{
    [Fact]
    public void EachColumnKeepsItsFirstSmallestLargestAndLastValue()
    {
        Assert.Equal([0, 2, 3, 4, 5, 6], Downsampling.Keep([0, 0, 0, 0, 0, 1, 2], [1, 2, 9, -9, 3, 4, 4]));
    }

    [Fact]
    public void AGapIsKeptOnceAndCutsAColumn()
    {
        Assert.Equal([0, 1, 3, 4], Downsampling.Keep([0, 0, 0, 0, 0], [1, double.NaN, double.NaN, 2, 3]));
    }
}
