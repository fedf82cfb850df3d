using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class SampleStreamTests
{
    [Fact]
    public void TheFirstStepHasAMeanAndNoChanges()
    {
        StepSummary summary = new SampleStream(3).Observe(0, [1f, 2f, 6f]);
        Assert.Equal(3, summary.MeanLoss);
        Assert.Equal(0, summary.Changes);
        Assert.True(double.IsNaN(summary.RiseFraction));
        Assert.Empty(summary.Risers);
    }

    [Fact]
    public void StatisticsOfAStepAreThoseOfItsChanges()
    {
        var stream = new SampleStream(5, movers: 2);
        stream.Observe(10, [0.0, 0, 0, 0, 0]);
        StepSummary summary = stream.Observe(11, [1.0, -3, 2, 0, -4]);

        Assert.Equal(5, summary.Changes);
        Assert.Equal(-0.8, summary.MeanLoss, 12);
        Assert.Equal(0.4, summary.RiseFraction, 12);
        Assert.Equal(0.4, summary.OutlierShare, 12);
        Assert.Equal(0, summary.Quantiles.Percent50);
        Assert.Equal(-3, summary.Quantiles.Percent25);
        Assert.Equal(1, summary.Quantiles.Percent75);
        Assert.Equal(-3.96, summary.Quantiles.Percent1, 12);
        Assert.Equal([new LossChange(2, 2), new LossChange(0, 1)], summary.Risers.ToArray());
        Assert.Equal([new LossChange(4, -4), new LossChange(1, -3)], summary.Fallers.ToArray());
    }

    [Fact]
    public void TheListsAgreeWithSortingAndBreakTiesByIndex()
    {
        const int samples = 1000;
        var random = new Random(3);
        float[] before = new float[samples];
        float[] after = [.. Enumerable.Range(0, samples).Select(_ => random.Next(-20, 21) / 4f)];
        var stream = new SampleStream(samples);
        stream.Observe(0, before);
        StepSummary summary = stream.Observe(1, after);

        int[] byRise = [.. Enumerable.Range(0, samples).OrderByDescending(i => after[i]).ThenBy(i => i).Take(24)];
        int[] byFall = [.. Enumerable.Range(0, samples).OrderBy(i => after[i]).ThenBy(i => i).Take(24)];
        Assert.Equal(byRise, summary.Risers.Select(r => r.Index));
        Assert.Equal(byFall, summary.Fallers.Select(r => r.Index));
        double all = after.Sum(v => Math.Abs((double)v));
        Assert.Equal(
            after.Select(v => Math.Abs((double)v)).OrderDescending().Take(10).Sum() / all, summary.OutlierShare, 12);
    }

    [Fact]
    public void OnlyRisesAreListedAsRisersAndOnlyFallsAsFallers()
    {
        var stream = new SampleStream(4);
        stream.Observe(0, [1f, 1f, 1f, 1f]);
        StepSummary summary = stream.Observe(1, [1f, 2f, 1f, 1f]);
        Assert.Equal([new LossChange(1, 1)], summary.Risers.ToArray());
        Assert.Empty(summary.Fallers);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void LossesThatAreNotFiniteAreCountedAndLeaveTheStatisticsAlone(float broken)
    {
        var stream = new SampleStream(4);
        stream.Observe(0, [1f, 1f, 1f, 1f]);
        StepSummary summary = stream.Observe(1, [3f, broken, 0f, 1f]);
        Assert.Equal(1, summary.NonFinite);
        Assert.Equal(3, summary.Changes);
        Assert.Equal(4.0 / 3, summary.MeanLoss, 12);
        Assert.Equal(1.0 / 3, summary.RiseFraction, 12);
        Assert.Equal([new LossChange(0, 2)], summary.Risers.ToArray());
        Assert.Equal([new LossChange(2, -1)], summary.Fallers.ToArray());

        // The sample has no change on the step after, and counts again on the next.
        Assert.Equal(3, stream.Observe(2, [3f, 1f, 0f, 1f]).Changes);
        Assert.Equal(4, stream.Observe(3, [3f, 1f, 0f, 1f]).Changes);
    }

    [Fact]
    public void AStepThatIsNotTheNextOneHasNoChanges()
    {
        var stream = new SampleStream(1);
        stream.Observe(0, [1f]);
        Assert.Equal(0, stream.Observe(2, [2f]).Changes);
        Assert.Equal(1, stream.Observe(3, [2f]).Changes);
        Assert.Throws<ArgumentException>(() => stream.Observe(3, [2f]));
        Assert.Throws<ArgumentException>(() => stream.Observe(4, [2f, 3f]));
    }

    [Fact]
    public void ARestoredStreamContinuesBitForBit()
    {
        var random = new Random(1);
        double[][] losses =
            [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 50).Select(_ => random.NextDouble()).ToArray())];
        var original = new SampleStream(50);
        original.Observe(0, losses[0]);
        original.Observe(1, losses[1]);
        var restored = new SampleStream(50);
        restored.Restore(original.Save());

        StepSummary expected = original.Observe(2, losses[2]), actual = restored.Observe(2, losses[2]);
        Assert.Equal(expected with { Risers = [], Fallers = [] }, actual with { Risers = [], Fallers = [] });
        Assert.Equal(expected.Risers.ToArray(), actual.Risers.ToArray());
        Assert.Equal(expected.Fallers.ToArray(), actual.Fallers.ToArray());
        Assert.Throws<ArgumentException>(() => new SampleStream(49).Restore(original.Save()));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void AStepAllocatesItsSummaryAndNothingThatGrowsWithTheSamples(int samples)
    {
        var random = new Random(5);
        float[][] losses =
            [.. Enumerable.Range(0, 2)
                .Select(_ => Enumerable.Range(0, samples).Select(_ => random.NextSingle()).ToArray())];
        var stream = new SampleStream(samples);
        stream.Observe(0, losses[0]);
        stream.Observe(1, losses[1]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        stream.Observe(2, losses[0]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 4096);
    }
}
