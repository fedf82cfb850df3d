using OpposingSignals.Datasets;

namespace OpposingSignals.Runs.Signals;

/// <summary>
/// Runs of tokens that occur in a group of samples more often than in all others: tokens, and contexts of several.
/// </summary>
internal sealed class Phrases
{
    private const int LongestPhrase = 4;
    private const int Listed = 8;
    private const double LeastScore = 3;

    private readonly Dataset _data;
    private readonly int _length;

    /// <summary>Prepares; the data are tokens.</summary>
    public Phrases(Dataset data)
    {
        _data = data;
        _length = data.Inputs.Count / data.Count;
    }

    /// <summary>The phrases by score, none that is part of a longer one with as high a score.</summary>
    public IReadOnlyList<PhraseRecord> OverRepresented(IReadOnlyCollection<int> members)
    {
        HashSet<int> group = [.. members];
        Dictionary<string, int> inside = [], outside = [];
        for (int sample = 0; sample < _data.Count; sample++)
        {
            Dictionary<string, int> counts = group.Contains(sample) ? inside : outside;
            foreach (string phrase in PhrasesOf(sample))
            {
                counts[phrase] = counts.GetValueOrDefault(phrase) + 1;
            }
        }

        int others = _data.Count - group.Count;
        PhraseRecord[] scored =
        [
            .. inside.Where(entry => entry.Value > 1)
                .Select(
                    entry => Score(entry.Key, entry.Value, group.Count, outside.GetValueOrDefault(entry.Key), others))
                .Where(record => record.Score >= LeastScore)
                .OrderByDescending(record => record.Score).ThenByDescending(record => record.Text.Length)
                .ThenBy(record => record.Text, StringComparer.Ordinal),
        ];
        var kept = new List<PhraseRecord>();
        foreach (PhraseRecord record in scored)
        {
            if (kept.Count < Listed && !kept.Any(longer => longer.Text.Contains(record.Text, StringComparison.Ordinal)))
            {
                kept.Add(record);
            }
        }

        return kept;
    }

    // Standard score of a binomial count whose rate, with one sample of either kind added, is that of the others.
    private static PhraseRecord Score(string phrase, int inside, int members, int outside, int others)
    {
        double rate = (outside + 0.5) / (others + 1);
        return new PhraseRecord(
            phrase, (double)inside / members, others == 0 ? 0 : (double)outside / others,
            (inside - (members * rate)) / Math.Sqrt(members * rate * (1 - rate)));
    }

    private HashSet<string> PhrasesOf(int sample)
    {
        ReadOnlySpan<long> tokens = _data.Inputs.AsSpan<long>().Slice(sample * _length, _length);
        var phrases = new HashSet<string>();
        for (int first = 0; first < _length; first++)
        {
            string phrase = "";
            for (int last = first; last < Math.Min(_length, first + LongestPhrase); last++)
            {
                phrase += _data.ClassNames.Length > tokens[last]
                    ? _data.ClassNames[(int)tokens[last]] : $"[{tokens[last]}]";
                phrases.Add(phrase);
            }
        }

        return phrases;
    }
}
