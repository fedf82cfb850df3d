using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class GroupFinderTests
{
    public static TheoryData<int, int, double> PairsSeedsAndDepths
    {
        get
        {
            var cases = new TheoryData<int, int, double>();
            foreach (int pairs in (int[])[1, 2, 4])
            {
                for (int seed = 1; seed <= 5; seed++)
                {
                    cases.Add(pairs, seed, 0.8);
                    cases.Add(pairs, seed, 0.5);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(PairsSeedsAndDepths))]
    public void PlantedPairsAreFoundUnderNoiseAndACommonMode(int pairs, int seed, double depth)
    {
        var planted = new PlantedTrajectories(seed).WithNoise(1).WithCommonMode(0.3).WithPairs(pairs, depth: depth);
        AssertFound(planted, GroupFinder.Find(planted.Window));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PlantedPairsAreFoundAmongSamplesOfUnequalScale(int seed)
    {
        var planted = new PlantedTrajectories(seed).WithNoise(0.3, logSpread: 0.5).WithPairs(2, amplitude: 4);
        AssertFound(planted, GroupFinder.Find(planted.Window));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WeakPairsInALongWindowAreFound(int seed)
    {
        var planted = new PlantedTrajectories(seed, steps: 255).WithNoise(1).WithPairs(4, amplitude: 2.2);
        AssertFound(planted, GroupFinder.Find(planted.Window));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.3, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 0.7)]
    [InlineData(0, 1.2)]
    public void NoPairIsFoundWhereNoneIs(double commonMode, double logSpread)
    {
        for (int seed = 1; seed <= 4; seed++)
        {
            var control = new PlantedTrajectories(seed).WithNoise(1, logSpread).WithCommonMode(commonMode);
            Grouping grouping = GroupFinder.Find(control.Window);
            Assert.Empty(grouping.Pairs);
            Assert.Empty(grouping.Unpaired);
        }
    }

    [Fact]
    public void AStrongPairOpposesAlternatesAndHoldsMostOfTheChange()
    {
        var planted = new PlantedTrajectories(1).WithNoise(0.1).WithPairs(1, depth: 0.3);
        OpposingPair pair = Assert.Single(GroupFinder.Find(planted.Window).Pairs);
        Assert.True(pair.TrajectoryOpposition < -0.99);
        Assert.Equal(1, pair.Up.Alternation, 6);
        Assert.Equal(-1, pair.Down.Alternation, 6);
        Assert.True(pair.EnergyShare > 0.9);
        Assert.True(planted.Pairs[0].Up.SetEquals(pair.Up.Indices));
        Assert.Equal(pair.Up.Strengths.OrderDescending(), pair.Up.Strengths);
        Assert.All(pair.Down.Correlations, c => Assert.InRange(c, 0.95, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ADirectionThatAllSamplesFollowGivesOnePairFromItsTails(int seed)
    {
        var data = new PlantedTrajectories(seed).WithNoise(0.2);
        double[] strengths = data.AddHeavyTailedDirection(0.3);
        OpposingPair pair = Assert.Single(GroupFinder.Find(data.Window).Pairs);
        int[] members = [.. pair.Up.Indices, .. pair.Down.Indices];
        Assert.InRange(members.Length, 10, PlantedTrajectories.Samples / 20);
        Assert.All(pair.Up.Indices, i => Assert.True(strengths[i] > 0));
        Assert.All(pair.Down.Indices, i => Assert.True(strengths[i] < 0));
        double weakest = members.Min(i => Math.Abs(strengths[i]));
        Assert.True(strengths.Count(s => Math.Abs(s) > weakest) <= members.Length + 5);
    }

    [Fact]
    public void LossesThatFallAtDifferentRatesAreNoPair()
    {
        // Exponential decays with rates of their own, a few of them large and some of them rising: drift, no
        // oscillation.
        const int Samples = 1000, Steps = 100;
        var random = new Random(1);
        double[] rates = [.. Enumerable.Range(0, Samples).Select(_ => 0.005 + (0.03 * random.NextDouble()))];
        double[] sizes = [.. Enumerable.Range(0, Samples).Select(i =>
            (i % 25 == 0 ? 20 : 1) * (i % 2 == 0 ? 1 : -1) * random.NextDouble())];
        float[] changes = [.. Enumerable.Range(0, Steps).SelectMany(t => Enumerable.Range(0, Samples).Select(i =>
            (float)((-sizes[i] * Math.Exp(-rates[i] * t)) + (0.05 * (random.NextDouble() - 0.5)))))];
        var window = new ChangeWindow([.. Enumerable.Range(0, Steps).Select(s => (long)s)], Samples, changes);
        Assert.Empty(GroupFinder.Find(window).Pairs);
    }

    [Fact]
    public void RoundingOfLossesThatNoLongerChangeIsNoPair()
    {
        // A common wobble far below float32 flips the rounding of the few losses that lie halfway between two
        // neighbours.
        const int Samples = 500;
        var random = new Random(2);
        var history = new LossHistory(Samples);
        double[] level = [.. Enumerable.Range(0, Samples).Select(_ => 1 + random.NextDouble())];
        for (int step = 0; step < 100; step++)
        {
            double wobble = (step % 2 == 0 ? 3e-9 : -3e-9) * (1 + (0.5 * Math.Sin(step / 9.0)));
            history.Observe(step, level.Select((l, i) => l + (i % 2 == 0 ? wobble : -wobble)).ToArray());
        }

        Grouping grouping = GroupFinder.Find(history.Changes());
        Assert.Empty(grouping.Movers);
        Assert.Empty(grouping.Pairs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheTwoSidesOfARareFeatureAreFoundInARealRun(int seed)
    {
        // f = c (b·x + b_o x_o) with y = β·x + 0.2 |x_o|, where x_o = ±20 on 4 % of the samples and 0 elsewhere:
        // evidence for the label on one side and against it on the other. Gradient descent beyond the edge makes them
        // oscillate.
        RareFeatureRun run = new(seed);
        OpposingPair pair = GroupFinder.Find(run.History.Changes(150, 300)).Pairs[0];
        GroupScore score = GroupScore.Of([pair], [(run.Positive, run.Negative)]);
        Assert.True(score.Recall >= 0.95 && score.Precision >= 0.8, score.ToString());
        Assert.True(pair.TrajectoryOpposition < -0.95);
        Assert.True(pair.EnergyShare > 0.9);
    }

    [Fact]
    public void ACampWithoutAnOpponentIsReportedAsSuch()
    {
        // Camps of one direction that all rise together: the other camp of the planted pair is cut to one sample.
        var planted = new PlantedTrajectories(2).WithNoise(1).WithPairs(1);
        ChangeWindow window = planted.Window;
        HashSet<int> dropped = [.. planted.Pairs[0].Down.Skip(1)];
        float[] changes = [.. Enumerable.Range(0, window.Steps.Length).SelectMany(t =>
            window.Row(t).ToArray().Select((d, i) => dropped.Contains(i) ? 0 : d))];
        Grouping grouping = GroupFinder.Find(new ChangeWindow(window.Steps.AsSpan(), window.Samples, changes));
        Assert.Empty(grouping.Pairs);
        Assert.True(planted.Pairs[0].Up.SetEquals(Assert.Single(grouping.Unpaired).Indices));
    }

    [Fact]
    public void SamplesThatAreNotFiniteAreLeftOut()
    {
        var planted = new PlantedTrajectories(3).WithNoise(1).WithPairs(1);
        ChangeWindow window = planted.Window;
        int broken = planted.Pairs[0].Up.First();
        float[] changes = [.. Enumerable.Range(0, window.Steps.Length).SelectMany(t => window.Row(t).ToArray())];
        changes[(5 * window.Samples) + broken] = float.NaN;
        Grouping grouping = GroupFinder.Find(new ChangeWindow(window.Steps.AsSpan(), window.Samples, changes));
        Assert.DoesNotContain(broken, Assert.Single(grouping.Pairs).Up.Indices);
        Assert.False(double.IsNaN(grouping.Pairs[0].EnergyShare));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void AShortWindowGivesNoGroups(int steps)
    {
        var planted = new PlantedTrajectories(1, steps).WithNoise(1).WithPairs(1);
        Assert.Empty(GroupFinder.Find(planted.Window).Pairs);
    }

    [Fact]
    public void AWindowInWhichNothingChangesGivesNoGroups()
    {
        Grouping grouping = GroupFinder.Find(new PlantedTrajectories(1).Window);
        Assert.Empty(grouping.Movers);
        Assert.Empty(grouping.Pairs);
    }

    private static void AssertFound(PlantedTrajectories planted, Grouping grouping)
    {
        GroupScore score = GroupScore.Of(grouping.Pairs, planted.Pairs);
        Assert.True(
            score.Precision >= 0.95 && score.Recall >= 0.95 && grouping.Pairs.Length == planted.Pairs.Count,
            $"{score}, {grouping.Pairs.Length} pairs of {planted.Pairs.Count}, {grouping.Movers.Length} movers");
        Assert.All(grouping.Pairs, pair => Assert.True(pair.TrajectoryOpposition < -0.9));
    }
}
