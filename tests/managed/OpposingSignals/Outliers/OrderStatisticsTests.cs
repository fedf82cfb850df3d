using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class OrderStatisticsTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 2)]
    [InlineData(257, 1_000_000)]
    [InlineData(1000, 4)]
    [InlineData(1000, 1)]
    public void SelectingARankAgreesWithSortingAlsoAmongEqualValues(int count, int distinct)
    {
        var random = new Random(7);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => (double)random.Next(distinct))];
        double[] sorted = [.. values.Order()];
        for (int rank = 0; rank < count; rank += Math.Max(1, count / 50))
        {
            double[] reordered = [.. values];
            Assert.Equal(sorted[rank], OrderStatistics.Select(reordered, rank));
            Assert.All(reordered[..rank], v => Assert.True(v <= sorted[rank]));
            Assert.All(reordered[rank..], v => Assert.True(v >= sorted[rank]));
            Assert.Equal(sorted, reordered.Order());
        }
    }

    [Fact]
    public void QuantilesInterpolateBetweenOrderStatistics()
    {
        double[] quantiles = new double[4];
        OrderStatistics.Quantiles([40, 10, 30, 20], [0, 0.25, 0.5, 1], quantiles);
        Assert.Equal([10, 17.5, 25, 40], quantiles);
        Assert.Equal(3, OrderStatistics.Median([5, 3, 1]));
    }
}
