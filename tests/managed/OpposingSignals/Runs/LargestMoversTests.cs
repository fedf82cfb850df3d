using OpposingSignals.Outliers;
using OpposingSignals.Runs;

namespace OpposingSignals.Tests.Runs;

public sealed class LargestMoversTests
{
    private const int Samples = 100;
    private const long Steps = 9;

    [Fact]
    public void TheTwentyLargestOfEachKindAreTakenLargestFirst()
    {
        LossHistory history = Alternating();
        LargestMovers movers = Assert.Single(LargestMovers.At(Steps, history, history.LatestChanges()));

        // At odd steps the upper half rises, sample 99 most, and the lower half falls, sample 0 most.
        Assert.Equal(Enumerable.Range(0, 20).Select(rank => 99 - rank), movers.Pair.Up.Indices);
        Assert.Equal(Enumerable.Range(0, 20), movers.Pair.Down.Indices);
        Assert.Equal(99, movers.Pair.Up.Strengths[0], 1e-5);
        Assert.Equal(-1, movers.Pair.TrajectoryOpposition, 1e-6);
        Assert.Equal(-1, movers.Pair.Up.Alternation, 1e-12);
    }

    [Fact]
    public void ThoseOfALossThatIsGivenAreThoseOfTheHistory()
    {
        LossHistory whole = Alternating(), before = Alternating(Steps - 1);
        double[] losses = [.. whole.LossesAt(whole.Count - 1).ToArray().Select(loss => (double)loss)];
        LargestMovers known = Assert.Single(LargestMovers.At(Steps, whole, whole.LatestChanges()));
        LargestMovers given = Assert.Single(LargestMovers.At(Steps, losses, before, whole.LatestChanges()));
        Assert.Equal(known.Pair.Up.Indices.ToArray(), given.Pair.Up.Indices);
        Assert.Equal(known.Pair.Down.Indices.ToArray(), given.Pair.Down.Indices);
    }

    [Fact]
    public void NoGroupIsInventedWhereAllLossesFallOrTheStepIsUnknown()
    {
        var falling = new LossHistory(Samples);
        falling.Observe(0, Enumerable.Repeat(2.0, Samples).ToArray());
        falling.Observe(1, Enumerable.Repeat(1.0, Samples).ToArray());
        Assert.Empty(LargestMovers.At(1, falling, falling.LatestChanges()));
        Assert.Empty(LargestMovers.At(0, falling, falling.LatestChanges()));
        Assert.Empty(LargestMovers.At(7, falling, falling.LatestChanges()));
        Assert.Empty(LargestMovers.At(null, falling, falling.LatestChanges()));
    }

    [Fact]
    public void ALossThatIsNotFiniteIsNoMover()
    {
        LossHistory history = Alternating();
        double[] losses = [.. history.LossesAt(history.Count - 1).ToArray().Select(loss => (double)loss)];
        losses[99] = double.NaN;
        LargestMovers movers = Assert.Single(LargestMovers.At(Steps, losses, history, history.LatestChanges()));
        Assert.DoesNotContain(99, movers.Pair.Up.Indices.Concat(movers.Pair.Down.Indices));
    }

    private static LossHistory Alternating(long last = Steps)
    {
        var history = new LossHistory(Samples);
        for (long step = 0; step <= last; step++)
        {
            int side = step % 2 == 1 ? 1 : -1;
            history.Observe(step, [.. Enumerable.Range(0, Samples).Select(i => 100 + (side * (i - 49.5)))]);
        }

        return history;
    }
}
