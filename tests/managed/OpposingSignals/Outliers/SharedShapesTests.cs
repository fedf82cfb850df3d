using System.Numerics.Tensors;
using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class SharedShapesTests
{
    [Theory]
    [InlineData(20, 128, 128)]
    [InlineData(400, 128, 128)]
    [InlineData(60, 128, 12)]
    public void IndependentTrajectoriesShareNothing(int count, int steps, int lively)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            double[][] trajectories = Independent(seed, count, steps, lively);
            Assert.All(SharedShapes.Coordinates(trajectories), Assert.Empty);
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(300)]
    public void TwoSharedShapesSpanTwoDimensionsAndKeepTheirAngle(int count)
    {
        const int Steps = 100;
        double[][] noise = Independent(1, count, Steps, Steps);
        double[] first = Unit([.. Enumerable.Range(0, Steps).Select(t => (t & 1) == 0 ? 1.0 : -1)]);
        double[] second =
            Unit([.. Enumerable.Range(0, Steps).Select(t => ((t & 1) == 0 ? 1.0 : -1) * (1 + Math.Sin(t / 8.0)))]);
        double angle = TensorPrimitives.Dot<double>(first, second);
        double[][] trajectories = [.. noise.Select((n, i) =>
            Unit([.. n.Select((value, t) => (0.3 * value) + (i % 2 == 0 ? first[t] : -second[t]))]))];
        double[][] coordinates = SharedShapes.Coordinates(trajectories);
        Assert.Equal(2, coordinates[0].Length);

        // Noise of 0.3 spread over 100 dimensions leaves about 0.3 √(2/100) in two, a cosine changed by less than 0.1.
        Assert.Equal(1, TensorPrimitives.CosineSimilarity<double>(coordinates[0], coordinates[2]), 0.1);
        Assert.Equal(-angle, TensorPrimitives.CosineSimilarity<double>(coordinates[0], coordinates[1]), 0.1);
    }

    private static double[][] Independent(int seed, int count, int steps, int lively)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Unit([.. Enumerable.Range(0, steps).Select(t =>
            t >= lively ? 0 : random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5)]))];
    }

    private static double[] Unit(double[] values)
    {
        TensorPrimitives.Divide(values, TensorPrimitives.Norm<double>(values), values);
        return values;
    }
}
