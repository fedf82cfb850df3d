using OpposingSignals.Outliers;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Outliers;

public sealed class LossHistoryTests
{
    private const int Samples = 16;

    // 64 rows in all: 16 for the window, 48 for the thinned part.
    private const long Budget = 64 * Samples * sizeof(float);

    [Fact]
    public void EverythingIsKeptUntilTheBudgetIsFull()
    {
        LossHistory history = Run(48);
        Assert.Equal(48, history.Count);
        Assert.Equal(2, history.Stride);
        AssertRowsAreTrue(history);
        Assert.Equal(17, history.RowOf(17));
        Assert.Null(history.RowOf(48));
        Assert.Null(history.RowOf(-1));
    }

    [Fact]
    public void MemoryStaysWithinTheBudgetAndTheWholeRunStaysCovered()
    {
        LossHistory history = Run(5001);
        Assert.True(history.Bytes <= Budget, $"{history.Bytes} bytes");
        Assert.Equal(0, history.StepAt(0));
        long widest = Enumerable.Range(1, history.Count - 1).Max(r => history.StepAt(r) - history.StepAt(r - 1));
        Assert.True(widest <= history.Stride);
        Assert.True(history.Count - 16 >= 20, $"{history.Count} rows");
        AssertRowsAreTrue(history);
    }

    [Fact]
    public void ThinningKeepsPairsOfConsecutiveSteps()
    {
        LossHistory history = Run(5000);
        long window = history.StepAt(history.Count - 16);
        for (int row = 0; history.StepAt(row) < window - 1; row += 2)
        {
            Assert.Equal(history.StepAt(row) + 1, history.StepAt(row + 1));
        }
    }

    [Fact]
    public void TheLatestStepsAreComplete()
    {
        LossHistory history = Run(5000);
        ChangeWindow changes = history.LatestChanges();
        Assert.Equal(Enumerable.Range(4985, 15).Select(s => (long)s), changes.Steps);
        for (int t = 0; t < 15; t++)
        {
            Assert.Equal(Loss(changes.Steps[t], 3) - Loss(changes.Steps[t] - 1, 3), changes.Row(t)[3]);
        }

        Assert.Equal([4998L, 4999L], history.LatestChanges(2).Steps.ToArray());
    }

    [Theory]
    [InlineData(0, 1, 20)]
    [InlineData(10, 10, 20)]
    [InlineData(0, 4985, 5000)]
    public void ChangesSinceAStepReachBackAsFarAsNoneIsMissing(long since, long first, int steps)
    {
        ChangeWindow changes = Run(steps).ChangesSince(since);
        Assert.Equal(first, changes.Steps[0]);
        Assert.Equal(steps - 1, changes.Steps[^1]);
        Assert.Equal(steps - first, changes.Steps.Length);
        Assert.Empty(Run(steps).ChangesSince(steps).Steps);
        Assert.Empty(new LossHistory(Samples, Budget).ChangesSince(since).Steps);
    }

    [Fact]
    public void ChangesAreGivenOnlyAcrossSingleSteps()
    {
        LossHistory history = Run(5000);
        ChangeWindow changes = history.Changes(lastStep: 3000);
        Assert.NotEmpty(changes.Steps);
        Assert.All(changes.Steps, step => Assert.Equal(1, step % history.Stride));
        Assert.Equal(Loss(changes.Steps[0], 5) - Loss(changes.Steps[0] - 1, 5), changes.Row(0)[5]);
        Assert.Empty(new LossHistory(Samples, Budget).LatestChanges().Steps);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(47)]
    [InlineData(49)]
    [InlineData(1234)]
    public void ARestoredHistoryContinuesBitForBit(int savedAt)
    {
        LossHistory original = Run(savedAt);
        LossHistory restored = LossHistory.Restore(original.Save());
        for (int step = savedAt; step < savedAt + 300; step++)
        {
            original.Observe(step, Losses(step));
            restored.Observe(step, Losses(step));
        }

        IReadOnlyDictionary<string, HostTensor> expected = original.Save(), actual = restored.Save();
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, entry =>
        {
            Assert.Equal(entry.Value.Shape.ToArray(), actual[entry.Key].Shape.ToArray());
            Assert.Equal(entry.Value.Bytes, actual[entry.Key].Bytes);
        });
    }

    [Fact]
    public void AStateThatContradictsItselfIsRefused()
    {
        var state = new Dictionary<string, HostTensor>(Run(100).Save());
        HostTensor losses = state["window_losses"];
        state["window_losses"] = new HostTensor(ElementType.Float32, 3, Samples);
        Assert.Throws<ArgumentException>(() => LossHistory.Restore(state));
        state["window_losses"] = losses;
        state.Remove("layout");
        Assert.Contains("layout", Assert.Throws<ArgumentException>(() => LossHistory.Restore(state)).Message);
        state["layout"] = HostTensor.From<long>([Samples, 16, 48, 3, 100], 5);
        Assert.Throws<ArgumentException>(() => LossHistory.Restore(state));
    }

    [Fact]
    public void ABudgetThatIsTooSmallSaysHowMuchIsNeeded()
    {
        Assert.Contains("3200", Assert.Throws<ArgumentException>(() => new LossHistory(100, 1000)).Message);
    }

    [Fact]
    public void TheMeanLossOfAGroupIsThatOfItsMembers()
    {
        LossHistory history = Run(10);
        double[] means = history.MeanLosses([2, 7]);
        Assert.Equal(10, means.Length);
        Assert.Equal((Loss(4, 2) + (double)Loss(4, 7)) / 2, means[4], 12);
        Assert.Throws<ArgumentException>(() => history.MeanLosses([]));
    }

    private static LossHistory Run(int steps)
    {
        var history = new LossHistory(Samples, Budget, window: 16);
        for (int step = 0; step < steps; step++)
        {
            history.Observe(step, Losses(step));
        }

        return history;
    }

    private static float Loss(long step, int sample) => ((step * 31) + (sample * 17)) % 101 / 4f;

    private static float[] Losses(long step) => [.. Enumerable.Range(0, Samples).Select(i => Loss(step, i))];

    private static void AssertRowsAreTrue(LossHistory history)
    {
        for (int row = 0; row < history.Count; row++)
        {
            Assert.Equal(Losses(history.StepAt(row)), history.LossesAt(row));
            Assert.True(row == 0 || history.StepAt(row) > history.StepAt(row - 1));
        }
    }
}
