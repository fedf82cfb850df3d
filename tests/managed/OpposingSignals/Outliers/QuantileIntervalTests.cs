using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class QuantileIntervalTests
{
    // Ranks from 1 on, by summing binomial probabilities in exact integers elsewhere; the first is the textbook's median.
    [Theory]
    [InlineData(10, 0.5, 2, 9)]
    [InlineData(200, 0.95, 184, 197)]
    [InlineData(1000, 0.95, 936, 964)]
    [InlineData(73, 0.95, 65, 73)]
    public void TheRanksBracketTheQuantile(int count, double fraction, double low, double high) =>
        Assert.Equal(((double?)low, (double?)high), QuantileInterval.Of(Ranks(count), fraction));

    [Fact]
    public void TooFewValuesLeaveASideOpen()
    {
        Assert.Equal(((double?)17, (double?)null), QuantileInterval.Of(Ranks(20), 0.95));
        Assert.Equal(((double?)null, (double?)null), QuantileInterval.Of(Ranks(3), 0.5));
        Assert.Equal(((double?)null, (double?)null), QuantileInterval.Of([], 0.5));
    }

    [Fact]
    public void TheIntervalMissesTheQuantileNoMoreOftenThanItSays()
    {
        var random = new Xoshiro256(5);
        int missed = 0;
        for (int draw = 0; draw < 2000; draw++)
        {
            double[] values = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble()).Order()];
            (double? low, double? high) = QuantileInterval.Of(values, 0.95);
            missed += low < 0.95 && 0.95 < high ? 0 : 1;
        }

        // 5 % at most of 2,000, and four standard deviations; an interval of one value would miss all the time.
        Assert.InRange(missed, 20, 140);
    }

    private static double[] Ranks(int count) => [.. Enumerable.Range(1, count).Select(rank => (double)rank)];
}
