using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class GroupStabilityTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(5, 3)]
    [InlineData(6, 6)]
    public void TheAssignmentIsTheBestOfAll(int rows, int columns)
    {
        var random = new Xoshiro256((ulong)(10 * rows) + (ulong)columns);
        for (int trial = 0; trial < 20; trial++)
        {
            double[,] gains = new double[rows, columns];
            for (int i = 0; i < gains.Length; i++)
            {
                gains[i / columns, i % columns] = random.NextDouble();
            }

            int[] assigned = Assignment.Maximise(gains);
            Assert.Equal(Math.Min(rows, columns), assigned.Where(column => column >= 0).Distinct().Count());
            double sum = assigned.Select((column, row) => column < 0 ? 0 : gains[row, column]).Sum();
            Assert.Equal(Best(gains, 0, 0), sum, 1e-12);
        }
    }

    [Fact]
    public void PairsAreMatchedWhateverTheirOrderAndTheNamesOfTheirCamps()
    {
        PairSamples[] first = [new([0, 1, 2], [3, 4]), new([10, 11], [12, 13])];
        PairSamples[] second = [new([12, 13], [10, 11, 20]), new([0, 1], [3, 4, 2]), new([30], [31])];
        IReadOnlyList<PairMatch> matches = GroupStability.Match(first, second, 1000);
        Assert.Equal([(0, 1), (1, 0)], matches.Select(match => (match.First, match.Second)));
        Assert.Equal([1, 0.8], matches.Select(match => match.Overlap));
        Assert.Equal([0.8, 1], matches.Select(match => match.SidesAgree));
        Assert.All(matches, match => Assert.True(match.Probability < 1e-6));
        Assert.All(matches, match => Assert.True(match.ExpectedByChance < 0.01));
        Assert.Empty(GroupStability.Match(first, [], 1000));
        Assert.Empty(GroupStability.Match(first, [new([50], [51])], 1000));
    }

    [Fact]
    public void TheTailIsThatOfDrawsWithoutReplacement()
    {
        // 5 of 10 twice: C(5,k) C(5,5−k) / C(10,5).
        Assert.Equal(1, GroupStability.TailOfCommon(10, 5, 5, 0), 1e-12);
        Assert.Equal((25.0 + 1) / 252, GroupStability.TailOfCommon(10, 5, 5, 4), 1e-12);

        // 3 and 4 of 5 have two in common at least.
        Assert.Equal(1, GroupStability.TailOfCommon(5, 3, 4, 2), 1e-12);
        Assert.Equal(4.0 / 10, GroupStability.TailOfCommon(5, 3, 4, 3), 1e-12);
    }

    private static double Best(double[,] gains, int row, int taken)
    {
        if (row == gains.GetLength(0))
        {
            return 0;
        }

        double best = gains.GetLength(0) > gains.GetLength(1) ? Best(gains, row + 1, taken) : 0;
        for (int column = 0; column < gains.GetLength(1); column++)
        {
            if ((taken >> column & 1) == 0)
            {
                best = Math.Max(best, gains[row, column] + Best(gains, row + 1, taken | (1 << column)));
            }
        }

        return best;
    }
}
