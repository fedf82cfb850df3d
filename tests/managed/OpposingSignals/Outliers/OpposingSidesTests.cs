using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class OpposingSidesTests
{
    private const int Samples = 400;
    private const int Strong = 40;
    private const int Weak = 80;
    private const int Steps = 16;

    [Fact]
    public void TheSideThatMovesLessGivesHalf()
    {
        DirectionalWindow directions = Swinging(weakSlope: -3);
        int[] taken = OpposingSides.Strongest(directions, directions.Movements(), 20);
        Assert.Equal(10, taken.Count(i => i < Strong));
        Assert.Equal(10, taken.Count(i => i is >= Strong and < Strong + Weak));
        Assert.True(taken[..10].All(i => i < Strong), "The largest movements come first.");
    }

    [Fact]
    public void WhereAllMoveOneWayTheOtherSideGivesWhatItHas()
    {
        var directions = new DirectionalWindow(4, 1);
        directions.Observe(0, [1], [3, 2, 1, 4], [0, 0, 0, 0]);
        Assert.Equal([3, 0], OpposingSides.Strongest(directions, directions.Movements(), 2));
        Assert.Equal([3, 0, 1, 2], OpposingSides.Strongest(directions, directions.Movements(), 12));
    }

    [Fact]
    public void WhereNothingMovesSamplesAreTakenInOrder()
    {
        var directions = new DirectionalWindow(4, 1);
        directions.Observe(0, [0], [0, 0, 0, 0], [0, 0, 0, 0]);
        Assert.Equal([0, 1], OpposingSides.Strongest(directions, directions.Movements(), 2));
    }

    [Fact]
    public void ACampIsPairedWithManyThatEachMoveLess()
    {
        DirectionalWindow directions = Swinging(weakSlope: -3);
        OpposingPair pair = Assert.Single(DirectionalGroupFinder.Find(directions, Changes(directions)).Pairs);
        Assert.Equal(Samples / 20, pair.Size);
        Assert.InRange(pair.TrajectoryOpposition, -1, -0.95);
        int[][] camps = [[.. pair.Up.Indices], [.. pair.Down.Indices]];
        Assert.Contains(camps, camp => camp.All(i => i < Strong));
        Assert.Contains(camps, camp => camp.All(i => i is >= Strong and < Strong + Weak));
    }

    // A camp whose losses swing far along one direction, one whose losses swing less against it, and a rest; all alike
    // in curvature, so that nothing stands out by it.
    private static DirectionalWindow Swinging(double weakSlope)
    {
        var random = new Xoshiro256(7);
        var window = new DirectionalWindow(Samples, 1);
        double[] mean =
            [.. Enumerable.Range(0, Samples).Select(i => i < Strong ? 8 : i < Strong + Weak ? weakSlope : 0)];
        double[] own = [.. mean.Select(_ => 0.3 * random.NextGaussian())];
        for (int t = 0; t < Steps; t++)
        {
            double[] slopes = [.. mean.Zip(own, (m, o) => m + o + (0.1 * random.NextGaussian()))];
            double[] curvatures = [.. slopes.Select(_ => 1 + (0.2 * random.NextDouble()))];
            window.Observe(t, [t % 2 == 0 ? 0.01 : -0.01], slopes, curvatures);
        }

        return window;
    }

    private static ChangeWindow Changes(DirectionalWindow directions)
    {
        float[] changes = new float[Steps * Samples];
        for (int i = 0; i < Samples; i++)
        {
            float[] slopes = directions.Trajectory(i).MidpointSlopes;
            for (int t = 0; t < Steps; t++)
            {
                changes[(t * Samples) + i] = slopes[t] * (t % 2 == 0 ? 0.01f : -0.01f);
            }
        }

        return new ChangeWindow([.. Enumerable.Range(1, Steps).Select(t => (long)t)], Samples, changes);
    }
}
