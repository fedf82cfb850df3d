using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class DensityClustersTests
{
    [Fact]
    public void DenseStretchesOfALineAreClusters()
    {
        double[] points = [.. Enumerable.Range(0, 12)
            .Select(i => 0.01 * i), .. Enumerable.Range(0, 9).Select(i => 0.6 + (0.02 * i)), 0.35];
        List<int>[] clusters = DensityClusters.Leaves(Distances(points), minimumSize: 5);
        Assert.Equal(2, clusters.Length);
        Assert.Superset(Enumerable.Range(0, 12).ToHashSet(), clusters[0].ToHashSet());
        Assert.Equal(Enumerable.Range(12, 9), clusters[1].Where(i => i != 21));
    }

    [Fact]
    public void OneDensityIsOneCluster()
    {
        double[] points = [.. Enumerable.Range(0, 8).Select(i => 0.1 * i)];
        Assert.Equal(Enumerable.Range(0, 8), Assert.Single(DensityClusters.Leaves(Distances(points), minimumSize: 5)));
    }

    [Fact]
    public void TooFewPointsAreNone() => Assert.Empty(DensityClusters.Leaves(Distances([0, 1, 2]), minimumSize: 4));

    private static double[,] Distances(double[] points)
    {
        double[,] distances = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int k = 0; k < points.Length; k++)
            {
                distances[i, k] = Math.Abs(points[i] - points[k]);
            }
        }

        return distances;
    }
}
