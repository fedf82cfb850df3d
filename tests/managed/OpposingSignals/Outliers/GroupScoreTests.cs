using System.Collections.Immutable;
using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class GroupScoreTests
{
    [Fact]
    public void ExchangedCampsAgreeAndASampleInTheWrongCampDoesNot()
    {
        Assert.Equal(new GroupScore(1, 1), GroupScore.Of([Pair([3, 4], [1, 2])], [Known([1, 2], [3, 4])]));
        GroupScore mixed = GroupScore.Of([Pair([1, 3], [4])], [Known([1, 2], [3, 4])]);
        Assert.Equal(2.0 / 3, mixed.Precision, 12);
        Assert.Equal(0.5, mixed.Recall, 12);
    }

    [Fact]
    public void PairsAreMatchedOneToOneForTheLargestAgreement()
    {
        // The first found pair overlaps both known ones, the second only the first known one.
        GroupScore score = GroupScore.Of(
            [Pair([1, 2, 5], [3, 6]), Pair([1, 2], [3, 4])], [Known([1, 2], [3, 4]), Known([5], [6])]);
        Assert.Equal(6.0 / 9, score.Precision, 12);
        Assert.Equal(1, score.Recall, 12);
    }

    [Fact]
    public void NothingFoundIsPreciseAndRecallsNothing()
    {
        Assert.Equal(new GroupScore(1, 0), GroupScore.Of([], [Known([1], [2])]));
        Assert.Equal(new GroupScore(0, 1), GroupScore.Of([Pair([1], [2])], []));
    }

    private static (IReadOnlySet<int> Up, IReadOnlySet<int> Down) Known(HashSet<int> up, HashSet<int> down) =>
        (up, down);

    private static OpposingPair Pair(ImmutableArray<int> up, ImmutableArray<int> down) =>
        new() { Up = Camp(up), Down = Camp(down), TrajectoryOpposition = -1, OpposedFrom = 1, OpposedTo = 1 };

    private static SampleGroup Camp(ImmutableArray<int> indices) => new()
    {
        Indices = indices,
        Strengths = [.. indices.Select(_ => 1.0)],
        Correlations = [.. indices.Select(_ => 1.0)],
        Alternation = 0,
        EnergyShare = 0,
    };
}
