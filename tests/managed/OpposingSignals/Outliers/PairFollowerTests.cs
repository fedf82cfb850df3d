using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class PairFollowerTests
{
    [Fact]
    public void APairKeepsItsNameAndANewOneGetsTheNext()
    {
        var follower = new PairFollower();
        Assert.Equal("A", Assert.Single(follower.Observe(10, [Pair(0, 10, 20, 10)])).Name);
        FollowedPair appeared = Assert.Single(follower.Observe(20, [Pair(50, 10, 70, 10), Pair(1, 10, 21, 10)]));
        Assert.Equal("B", appeared.Name);
        Assert.Equal(["B", "A"], follower.Current.Select(pair => pair.Name));
        FollowedPair first = follower.All[0];
        Assert.Equal((10, 20, 2), (first.FirstStep, first.LastStep, first.Sightings));
        Assert.Equal(18.0 / 22, first.Stability, 1e-12);
    }

    [Fact]
    public void AnotherSearchAtTheSameStepIsNoSightingAndNamesWhatItFinds()
    {
        var follower = new PairFollower();
        follower.Observe(10, [Pair(0, 10, 20, 10)]);
        follower.Observe(20, [Pair(0, 10, 20, 10)]);
        Assert.Equal("B", Assert.Single(follower.Observe(20, [Pair(0, 10, 20, 10), Pair(50, 10, 70, 10)])).Name);
        Assert.Equal([("A", 2), ("B", 1)], follower.Current.Select(pair => (pair.Name, pair.Sightings)));
        Assert.Equal(1, follower.Current[0].Stability);
    }

    [Fact]
    public void ARestoredFollowerKnowsThePairs()
    {
        var follower = new PairFollower();
        follower.Observe(10, [Pair(0, 5, 20, 7)]);
        follower.Observe(20, [Pair(0, 5, 20, 7), Pair(40, 3, 50, 3)]);
        var restored = new PairFollower();
        restored.Restore(follower.Save());
        Assert.Equal(follower.All.Select(pair => (pair.Name, pair.FirstStep, pair.LastStep, pair.Sightings)),
            restored.All.Select(pair => (pair.Name, pair.FirstStep, pair.LastStep, pair.Sightings)));
        Assert.Equal<int>([50, 51, 52], [.. restored.All[1].Down]);
        Assert.Empty(restored.Observe(30, [Pair(0, 5, 20, 7)]));
        Assert.Throws<ArgumentException>(() => restored.Restore(
            follower.Save().Where(entry => entry.Key != "members")
                .ToDictionary(entry => entry.Key, entry => entry.Value)));
    }

    private static OpposingPair Pair(int up, int ups, int down, int downs) => new()
    {
        Up = Camp(up, ups),
        Down = Camp(down, downs),
        TrajectoryOpposition = -1,
        OpposedFrom = 1,
        OpposedTo = 1,
    };

    private static SampleGroup Camp(int first, int count) => new()
    {
        Indices = [.. Enumerable.Range(first, count)],
        Strengths = [.. Enumerable.Repeat(1.0, count)],
        Correlations = [.. Enumerable.Repeat(1.0, count)],
        Alternation = 1,
        EnergyShare = 0.1,
    };
}
