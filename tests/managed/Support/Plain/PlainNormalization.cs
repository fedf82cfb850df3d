using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// y = γ h + β with h = (x − ⟨x⟩)/√(⟨(x − ⟨x⟩)²⟩ + ε). Every formula is one sum of products, written out, so that its
/// bound holds for each way of collecting terms; a product of collected factors has a few roundings more. Batch
/// normalisation is in evaluation mode: ⟨x⟩ and ⟨(x − ⟨x⟩)²⟩ are its running statistics, and means of derivatives are
/// zero.
/// </summary>
public sealed class PlainNormalization : PlainLayer
{
    // Products of coefficients: at most this many factors more than the sums here have multiplications.
    private const int FurtherRoundings = 6;

    private readonly int _channels;
    private readonly double _epsilon;
    private readonly RunningStatistics? _running;

    // Elements that share statistics.
    private readonly int[][] _groups;

    public PlainNormalization(FeatureNormalization layer)
    {
        FeatureShape shape = layer.OutputShape;
        _channels = shape.Channels;
        _epsilon = layer.Epsilon;
        _running = layer.Running;
        int width = shape.Channels / layer.Groups;
        _groups =
        [
            .. Enumerable.Range(0, shape.Size)
                .GroupBy(i => (i / (layer.Positions * shape.Channels), i % shape.Channels / width))
                .Select(group => group.ToArray()),
        ];
    }

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters)
    {
        var sums = new RunningSum[x[0].Length];
        foreach (Group group in Groups(x[0]))
        {
            foreach (int i in group.Elements)
            {
                sums[i].Add(Weight(parameters, i), group.H[i]);
                sums[i].Add(Bias(parameters, i));
            }
        }

        return Totals(sums);
    }

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction)
    {
        var sums = new RunningSum[x[0].Length];
        foreach (Group group in Groups(x[0]))
        {
            group.MoveAlong(inputTangents[0]);
            foreach (int i in group.Elements)
            {
                foreach (Bounded term in group.Moved(i))
                {
                    sums[i].Add(Weight(parameters, i), term);
                }

                sums[i].Add(Weight(direction, i), group.H[i]);
                sums[i].Add(Bias(direction, i));
            }
        }

        return Totals(sums);
    }

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        foreach (Group group in Groups(x[0]))
        {
            Bounded meanG = group.Mean(i => [Weight(parameters, i) * cotangent[i]]);
            Bounded meanHG = group.Mean(i => [group.H[i] * Weight(parameters, i) * cotangent[i]]);
            foreach (int i in group.Elements)
            {
                foreach (Bounded term in Pulled(group, i, Weight(parameters, i) * cotangent[i], meanG, meanHG))
                {
                    inputCotangents[0][i].Add(term.After(FurtherRoundings));
                }

                gradient[i % _channels].Add(cotangent[i], group.H[i]);
                gradient[_channels + (i % _channels)].Add(cotangent[i]);
            }
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient)
    {
        foreach (Group group in Groups(x[0]))
        {
            group.MoveAlong(inputTangents[0]);
            Bounded G(int i) => Weight(parameters, i) * cotangent[i];
            Bounded[] MovedG(int i) =>
                [Weight(parameters, i) * cotangentTangent[i], Weight(direction, i) * cotangent[i]];

            Bounded meanG = group.Mean(i => [G(i)]);
            Bounded meanHG = group.Mean(i => [group.H[i] * G(i)]);
            Bounded meanMovedG = group.Mean(MovedG);
            Bounded meanHMovedG = group.Mean(i => Array.ConvertAll(MovedG(i), term => group.H[i] * term));
            Bounded meanMovedHG = group.Mean(i => Array.ConvertAll(group.Moved(i), term => term * G(i)));
            foreach (int i in group.Elements)
            {
                IEnumerable<Bounded> terms =
                [
                    .. MovedG(i).Select(term => group.S * term),
                    -(group.S * meanMovedG),
                    -(group.S * group.H[i] * meanHMovedG),
                    .. group.Moved(i).Select(term => -(group.S * term * meanHG)),
                    -(group.S * group.H[i] * meanMovedHG),
                    .. Pulled(group, i, G(i), meanG, meanHG).Select(term => -(group.S * group.B * term)),
                ];
                foreach (Bounded term in terms)
                {
                    inputCotangents[0][i].Add(term.After(FurtherRoundings));
                }

                gradient[i % _channels].Add(cotangentTangent[i], group.H[i]);
                foreach (Bounded term in group.Moved(i))
                {
                    gradient[i % _channels].Add(cotangent[i], term.After(FurtherRoundings));
                }

                gradient[_channels + (i % _channels)].Add(cotangentTangent[i]);
            }
        }
    }

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction)
    {
        var sums = new RunningSum[x[0].Length];
        foreach (Group group in Groups(x[0]))
        {
            group.MoveAlong(inputTangents[0]);
            Bounded spread = group.Mean(i => Array.ConvertAll(group.Moved(i), term => term * inputTangents[0][i]));
            foreach (int i in group.Elements)
            {
                foreach (Bounded term in group.Moved(i))
                {
                    sums[i].Add(2 * Weight(direction, i), term);
                    sums[i].Add(-(2 * Weight(parameters, i)) * group.S * group.B, term);
                }

                sums[i].Add(-(Weight(parameters, i) * group.S * group.H[i]), spread);
            }
        }

        return Totals(sums);
    }

    // s (g − ⟨g⟩ − h ⟨h g⟩)
    private static Bounded[] Pulled(Group group, int i, Bounded g, Bounded meanG, Bounded meanHG) =>
        [group.S * g, -(group.S * meanG), -(group.S * group.H[i] * meanHG)];

    private static Bounded[] Totals(RunningSum[] sums) =>
        Array.ConvertAll(sums, sum => sum.Total.After(FurtherRoundings));

    private IEnumerable<Group> Groups(Bounded[] x) => _groups.Select(elements =>
    {
        if (_running is null)
        {
            return new Group(elements, x, Bounded.Constant(_epsilon));
        }

        int channel = elements[0] % _channels;
        return new Group(
            elements, x, Bounded.Constant(_running.Mean[channel]),
            Bounded.Constant(1 / Math.Sqrt(_running.Variance[channel] + _epsilon)));
    });

    private Bounded Weight(Bounded[] parameters, int i) => parameters[i % _channels];

    private Bounded Bias(Bounded[] parameters, int i) => parameters[_channels + (i % _channels)];

    private sealed class Group
    {
        private readonly bool _isFixed;
        private Bounded[] _tangent = [];
        private Bounded _meanTangent;

        public Group(int[] elements, Bounded[] x, Bounded epsilon)
        {
            Elements = elements;
            Bounded mean = Mean(i => [x[i]]);
            Bounded variance = Mean(i => [(x[i] - mean) * (x[i] - mean)]);
            S = 1 / Bounded.Sqrt(variance + epsilon);
            H = elements.ToDictionary(i => i, i => (x[i] - mean) * S);
        }

        public Group(int[] elements, Bounded[] x, Bounded mean, Bounded s)
        {
            (_isFixed, Elements, S) = (true, elements, s);
            H = elements.ToDictionary(i => i, i => (x[i] - mean) * S);
        }

        public int[] Elements { get; }

        public Bounded S { get; }

        public Dictionary<int, Bounded> H { get; }

        /// <summary>⟨h ẋ⟩.</summary>
        public Bounded B { get; private set; }

        public void MoveAlong(Bounded[] tangent)
        {
            _tangent = tangent;
            _meanTangent = Mean(i => [tangent[i]]);
            B = Mean(i => [H[i] * tangent[i]]);
        }

        /// <summary>ḣ = s (ẋ − ⟨ẋ⟩ − b h), term by term.</summary>
        public Bounded[] Moved(int i) => [S * _tangent[i], -(S * _meanTangent), -(S * B * H[i])];

        public Bounded Mean(Func<int, Bounded[]> terms)
        {
            if (_isFixed)
            {
                return Bounded.Zero;
            }

            var sum = default(RunningSum);
            foreach (int i in Elements)
            {
                foreach (Bounded term in terms(i))
                {
                    sum.Add(term);
                }
            }

            return sum.Total / Elements.Length;
        }
    }
}
