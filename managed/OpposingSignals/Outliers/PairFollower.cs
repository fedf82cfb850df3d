using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Recognises the pairs of one search in the next: gives names to new ones and follows the others.</summary>
public sealed class PairFollower
{
    private const string NumbersKey = "numbers";
    private const string MembersKey = "members";
    private const string CurrentKey = "current";
    private const int NumbersEach = 8;

    // Two searches find the same pair if they share this much: a third of the samples of either alone may differ.
    private const double SamePair = 0.5;

    private readonly List<FollowedPair> _pairs = [];

    /// <summary>Every pair found so far, in the order of appearance.</summary>
    public IReadOnlyList<FollowedPair> All => _pairs;

    /// <summary>The pairs of the last search, leading one first.</summary>
    public ImmutableArray<FollowedPair> Current { get; private set; } = [];

    /// <summary>
    /// Takes what a search found. Another search at the same step is no other sighting, but what it finds has a name
    /// too.
    /// </summary>
    /// <param name="step">The step of the search; no earlier than the last.</param>
    /// <param name="found">Its pairs, leading one first.</param>
    /// <returns>The pairs that were not known before.</returns>
    public IReadOnlyList<FollowedPair> Observe(long step, IReadOnlyList<OpposingPair> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        var current = new List<FollowedPair>();
        var appeared = new List<FollowedPair>();
        var free = new HashSet<int>(Enumerable.Range(0, _pairs.Count));
        foreach (OpposingPair pair in found)
        {
            (int known, double overlap) = free.Select(i => (i, Overlap(_pairs[i], pair)))
                .DefaultIfEmpty((-1, 0)).MaxBy(k => k.Item2);
            if (overlap >= SamePair)
            {
                free.Remove(known);
                current.Add(_pairs[known] = Seen(_pairs[known], step, pair, overlap));
                continue;
            }

            appeared.Add(New(NameOf(_pairs.Count), step, pair));
            current.Add(appeared[^1]);
            _pairs.Add(appeared[^1]);
        }

        Current = [.. current];
        return appeared;
    }

    /// <summary>The state as arrays, from which <see cref="Restore"/> goes on.</summary>
    public IReadOnlyDictionary<string, HostTensor> Save()
    {
        if (_pairs.Count == 0)
        {
            return new Dictionary<string, HostTensor>();
        }

        double[] numbers = [.. _pairs.SelectMany(pair => (double[])[
            pair.FirstStep, pair.LastStep, pair.Sightings, pair.Stability, pair.Opposition, pair.Probability,
            pair.Up.Length,
            pair.Down.Length])];
        long[] members = [.. _pairs.SelectMany(pair => pair.Up.Concat(pair.Down)).Select(i => (long)i)];
        return new Dictionary<string, HostTensor>
        {
            [NumbersKey] = HostTensor.From<double>(numbers, _pairs.Count, NumbersEach),
            [MembersKey] = HostTensor.From<long>(members, members.Length),
            [CurrentKey] =
                HostTensor.From<long>([.. Current.Select(pair => (long)_pairs.IndexOf(pair))], Current.Length),
        };
    }

    /// <summary>Returns to a saved state.</summary>
    /// <exception cref="ArgumentException">The state is incomplete.</exception>
    public void Restore(IReadOnlyDictionary<string, HostTensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _pairs.Clear();
        Current = [];
        if (state.Count == 0)
        {
            return;
        }

        int count = (state.TryGetValue(NumbersKey, out HostTensor? table) ? table.Count : 0) / NumbersEach;
        ReadOnlySpan<double> numbers = StateReader.Read<double>(state, NumbersKey, (long)count * NumbersEach);
        long size = 0;
        for (int p = 0; p < count; p++)
        {
            size += (long)(numbers[(p * NumbersEach) + 6] + numbers[(p * NumbersEach) + 7]);
        }

        ReadOnlySpan<long> members = StateReader.Read<long>(state, MembersKey, size);
        for (int p = 0; p < count; p++)
        {
            ReadOnlySpan<double> own = numbers.Slice(p * NumbersEach, NumbersEach);
            (int up, int down) = ((int)own[6], (int)own[7]);
            _pairs.Add(new FollowedPair
            {
                Name = NameOf(p),
                FirstStep = (long)own[0],
                LastStep = (long)own[1],
                Sightings = (int)own[2],
                Stability = own[3],
                Opposition = own[4],
                Probability = own[5],
                Up = Indices(members[..up]),
                Down = Indices(members.Slice(up, down)),
            });
            members = members[(up + down)..];
        }

        int shown = state.TryGetValue(CurrentKey, out HostTensor? current) ? current.Count : 0;
        foreach (long index in StateReader.Read<long>(state, CurrentKey, shown))
        {
            Current = Current.Add(_pairs[checked((int)index)]);
        }
    }

    private static ImmutableArray<int> Indices(ReadOnlySpan<long> values)
    {
        int[] indices = new int[values.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = checked((int)values[i]);
        }

        return [.. indices];
    }

    private static FollowedPair New(string name, long step, OpposingPair pair) => new()
    {
        Name = name,
        FirstStep = step,
        LastStep = step,
        Sightings = 1,
        Stability = double.NaN,
        Opposition = pair.TrajectoryOpposition,
        Probability = pair.Significance?.Probability ?? double.NaN,
        Up = pair.Up.Indices,
        Down = pair.Down.Indices,
    };

    private static FollowedPair Seen(FollowedPair known, long step, OpposingPair pair, double overlap) =>
        New(known.Name, step, pair) with
        {
            FirstStep = known.FirstStep,
            Sightings = known.LastStep == step ? known.Sightings : known.Sightings + 1,
            Stability = known.LastStep == step ? known.Stability
                : known.Sightings == 1 ? overlap
                : known.Stability + ((overlap - known.Stability) / known.Sightings),
        };

    private static double Overlap(FollowedPair known, OpposingPair pair)
    {
        HashSet<int> samples = [.. known.Up, .. known.Down];
        int common = pair.Up.Indices.Count(samples.Contains) + pair.Down.Indices.Count(samples.Contains);
        return (double)common / (samples.Count + pair.Size - common);
    }

    private static string NameOf(int index) =>
        (index >= 26 ? NameOf((index / 26) - 1) : "") + (char)('A' + (index % 26));
}
