using OpposingSignals.Datasets;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Runs.Signals;

public sealed class PhrasesTests
{
    private const int Samples = 200, Length = 12, Vocabulary = 20;

    [Fact]
    public void ThePlantedPhraseIsFoundWholeAndNothingElseIs()
    {
        var random = new Xoshiro256(5);
        long[] tokens =
            [.. Enumerable.Range(0, Samples * Length).Select(_ => (long)(random.NextDouble() * (Vocabulary - 2)))];
        int[] members = [.. Enumerable.Range(0, 10).Select(i => 7 * i)];
        foreach (int sample in members)
        {
            // Two letters that occur nowhere else, one after the other.
            tokens[(sample * Length) + 5] = Vocabulary - 2;
            tokens[(sample * Length) + 6] = Vocabulary - 1;
        }

        string[] names = [.. Enumerable.Range(0, Vocabulary).Select(i => ((char)('a' + i)).ToString())];
        var data = new Dataset(
            "text", HostTensor.From<long>(tokens, Samples, Length), HostTensor.From<long>(tokens, Samples, Length),
            Vocabulary, [.. names]);
        PhraseRecord first = new Phrases(data).OverRepresented(members)[0];
        Assert.Equal("st", first.Text);
        Assert.Equal(1, first.Members);
        Assert.Equal(0, first.Others);
        Assert.DoesNotContain(new Phrases(data).OverRepresented(members), record => record.Text is "s" or "t");
    }
}
