using OpposingSignals.Outliers;
using OpposingSignals.Runs;

namespace OpposingSignals.Tests.Runs;

public sealed class LossSpikesTests
{
    [Fact]
    public void TheFirstPastTheEdgeIsListedHoweverSmall()
    {
        // A rise of the mean at every other step, each larger than the one before.
        var history = new LossHistory(samples: 100);
        for (long step = 0; step < 40; step++)
        {
            double loss = step % 2 == 0 ? 1 : 1.03 + (0.01 * step);
            history.Observe(step, [.. Enumerable.Range(0, 100).Select(i => i == 7 ? (100 * loss) - 99 : 1)]);
        }

        IReadOnlyList<SpikeRecord> spikes = LossSpikes.Find(history, crossing: 4, pairs: []);
        Assert.Equal(9, spikes.Count);
        Assert.Equal(39, spikes[0].Step);
        Assert.Equal(5, spikes[^1].Step);
        Assert.Equal(5, LossSpikes.FirstAfter(4, spikes));
        Assert.Null(LossSpikes.FirstAfter(null, spikes));

        // All of it is sample 7, a hundredth of the samples.
        Assert.All(spikes, spike => Assert.Equal(1, spike.StrongestShare!.Value, 1e-6));
        Assert.Equal(8, LossSpikes.Find(history, crossing: null, pairs: []).Count);
    }
}
