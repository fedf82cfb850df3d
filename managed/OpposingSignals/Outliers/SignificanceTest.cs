using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Tests pairs against chance; see <see cref="PairSignificance"/>.</summary>
/// <param name="alternating">Loss changes, freed of drift.</param>
/// <param name="responses">How strongly each sample responds to the directions.</param>
/// <param name="tail">What chance gives of them.</param>
/// <param name="pairs">All pairs that are tested; random subsets are drawn from the other samples.</param>
internal sealed class SignificanceTest(
    ChangeWindow alternating, double[] responses, ExcessTail tail, IReadOnlyCollection<OpposingPair> pairs)
{
    private const int Subsets = 199;
    private const ulong Seed = 1;

    private readonly CampMeasures _measures = new(alternating);

    private readonly int[] _others = [.. Enumerable.Range(0, alternating.Samples)
        .Except(pairs.SelectMany(pair => pair.Up.Indices.Concat(pair.Down.Indices)))];

    public PairSignificance Of(OpposingPair pair)
    {
        double[] members = [.. pair.Up.Indices.Concat(pair.Down.Indices).Select(i => responses[i])];
        Array.Sort(members);

        // Three quarters of the members reach their lower quartile. A pair of which a quarter is weak is still one.
        double reached = members[members.Length / 4];
        int count = members.Count(response => response >= reached);
        return new PairSignificance
        {
            Outliers = Math.Min(1, pairs.Count * tail.ProbabilityOfMany(reached, count)),
            Opposition = Opposition(pair),
            Subsets = Subsets,
        };
    }

    private double Opposition(OpposingPair pair)
    {
        OpposingStretch stretch = _measures.Stretch(pair.Up.Indices, pair.Down.Indices);
        double found = Opposed(pair.Up.Indices, pair.Down.Indices, stretch);
        if (_others.Length < pair.Size)
        {
            return 1;
        }

        int[] order = [.. _others];
        var random = new Xoshiro256(Seed);
        int asFar = 0;
        for (int draw = 0; draw < Subsets; draw++)
        {
            for (int i = 0; i < pair.Size; i++)
            {
                int other = i + random.NextInt32(order.Length - i);
                (order[i], order[other]) = (order[other], order[i]);
            }

            int[] up = order[..pair.Up.Indices.Length], down = order[pair.Up.Indices.Length..pair.Size];
            asFar += Opposed(up, down, stretch) >= found ? 1 : 0;
        }

        return (asFar + 1.0) / (Subsets + 1);
    }

    // −⟨mean change of one, mean change of the other⟩ over the pair's stretch: how far both move, and against each
    // other. Random subsets are measured over the same steps, because in others, such as the first of a run, everything
    // moves further.
    private double Opposed(IReadOnlyCollection<int> up, IReadOnlyCollection<int> down, OpposingStretch stretch) =>
        -TensorPrimitives.Dot<double>(_measures.MeanChanges(up, stretch), _measures.MeanChanges(down, stretch));
}
