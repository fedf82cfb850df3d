using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class AverageLinkageTests
{
    [Fact]
    public void ClustersAreJoinedByTheirMeanSimilarity()
    {
        // 0 and 1 are alike; 2 is alike to 1 but not to 0, in the mean (0.9 + 0.5) / 2 = 0.7.
        double[,] similarity =
        {
            { 1, 0.95, 0.5, 0 },
            { 0.95, 1, 0.9, 0 },
            { 0.5, 0.9, 1, 0 },
            { 0, 0, 0, 1 },
        };
        Assert.Equal([[0, 1], [2], [3]], AverageLinkage.Cluster((double[,])similarity.Clone(), 0.75));
        Assert.Equal([[0, 1, 2], [3]], AverageLinkage.Cluster((double[,])similarity.Clone(), 0.65));
    }

    [Fact]
    public void EqualSimilaritiesEndInOneCluster()
    {
        double[,] similarity = new double[7, 7];
        for (int i = 0; i < 49; i++)
        {
            similarity[i / 7, i % 7] = 1;
        }

        Assert.Equal([[0, 1, 2, 3, 4, 5, 6]], AverageLinkage.Cluster(similarity, 0.9));
        Assert.Empty(AverageLinkage.Cluster(new double[0, 0], 0.9));
    }
}
