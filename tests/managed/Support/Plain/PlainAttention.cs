using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// O = P V with P = softmax(Q Kᵀ/√d) for every head, by naive loops over a whole matrix P. Every entry of S, P and what
/// follows from them is one sum of products; how long sums are cut is free.
/// </summary>
public sealed class PlainAttention(Attention layer) : PlainLayer
{
    private readonly int _positions = layer.OutputShape.Positions;
    private readonly int _channels = layer.OutputShape.Channels;
    private readonly int _width = layer.OutputShape.Channels / layer.Heads;
    private readonly Bounded _scale = Bounded.Constant(1 / Math.Sqrt(layer.OutputShape.Channels / layer.Heads));

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters)
    {
        var output = new RunningSum[_positions * _channels];
        foreach (Head head in Heads(x[0]))
        {
            head.AddTo(output, head.P, head.V);
        }

        return RunningSum.Totals(output);
    }

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction)
    {
        var output = new RunningSum[_positions * _channels];
        foreach (Head head in Heads(x[0]))
        {
            Head moved = head.Operands(inputTangents[0]);
            head.AddTo(output, head.MovedP(moved), head.V);
            head.AddTo(output, head.P, moved.V);
        }

        return RunningSum.Totals(output);
    }

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        foreach (Head head in Heads(x[0]))
        {
            Bounded[,] o = head.Part(cotangent, _channels, 0);
            Bounded[,] s = Times(head.P, head.Centred(Scores([(o, head.V)])));
            head.Pull(
                inputCotangents[0], queries: [(s, head.K)], keys: [(s, head.Q)], values: [(head.P, o)]);
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient)
    {
        foreach (Head head in Heads(x[0]))
        {
            Head moved = head.Operands(inputTangents[0]);
            Bounded[,] o = head.Part(cotangent, _channels, 0), movedO = head.Part(cotangentTangent, _channels, 0);
            Bounded[,] z = head.Centred(head.MovedScores(moved)), e = head.Centred(Scores([(o, head.V)]));
            Bounded[,] s = Times(head.P, e), movedP = Times(head.P, z);

            // Ṗ ∘ (P̄ − ⟨P̄⟩) + P ∘ (P̄̇ − d⟨P̄⟩), where d⟨P̄⟩ = ⟨z e + P̄̇⟩ because ⟨z⟩ = 0.
            Bounded[,] movedS =
                Times(head.P, head.Centred(Plus(Scores([(movedO, head.V), (o, moved.V)]), Times(z, e))));
            head.Pull(
                inputCotangents[0],
                queries: [(movedS, head.K), (s, moved.K)],
                keys: [(movedS, head.Q), (s, moved.Q)],
                values: [(movedP, o), (head.P, movedO)]);
        }
    }

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction)
    {
        var output = new RunningSum[_positions * _channels];
        foreach (Head head in Heads(x[0]))
        {
            Head moved = head.Operands(inputTangents[0]);
            Bounded[,] z = head.Centred(head.MovedScores(moved));
            Bounded[,] bend = Scores([(moved.Q, moved.K), (moved.Q, moved.K)]);
            head.AddTo(output, Times(head.P, head.Centred(Plus(Times(z, z), bend))), head.V);
            head.AddTo(output, head.MovedP(moved), moved.V);
            head.AddTo(output, head.MovedP(moved), moved.V);
        }

        return RunningSum.Totals(output);
    }

    // Σ over terms of A Bᵀ.
    private Bounded[,] Scores(IEnumerable<(Bounded[,] A, Bounded[,] B)> terms) => Fill((t, u) =>
    {
        var sum = default(RunningSum);
        foreach ((Bounded[,] a, Bounded[,] b) in terms)
        {
            for (int c = 0; c < _width; c++)
            {
                sum.Add(a[t, c], b[u, c]);
            }
        }

        return sum.Total;
    });

    private Bounded[,] Times(Bounded[,] a, Bounded[,] b) => Fill((t, u) => a[t, u] * b[t, u]);

    private Bounded[,] Plus(Bounded[,] a, Bounded[,] b) => Fill((t, u) => a[t, u] + b[t, u]);

    private Bounded[,] Fill(Func<int, int, Bounded> entry)
    {
        var matrix = new Bounded[_positions, _positions];
        for (int t = 0; t < _positions; t++)
        {
            for (int u = 0; u < _positions; u++)
            {
                matrix[t, u] = layer.IsCausal && u > t ? 0 : entry(t, u);
            }
        }

        return matrix;
    }

    private IEnumerable<Head> Heads(Bounded[] x) =>
        Enumerable.Range(0, layer.Heads).Select(h =>
        {
            Head head = new Head(this, h).Operands(x);
            head.P = head.Softmax();
            return head;
        });

    // One head: its operands, queries scaled by 1/√d, and the softmax of its scores.
    private sealed class Head(PlainAttention attention, int index)
    {
        public Bounded[,] Q { get; private init; } = new Bounded[0, 0];

        public Bounded[,] K { get; private init; } = new Bounded[0, 0];

        public Bounded[,] V { get; private init; } = new Bounded[0, 0];

        public Bounded[,] P { get; set; } = new Bounded[0, 0];

        public Head Operands(Bounded[] x)
        {
            int channels = attention._channels;
            Bounded[,] q = Part(x, 3 * channels, 0);
            for (int t = 0; t < attention._positions; t++)
            {
                for (int c = 0; c < attention._width; c++)
                {
                    q[t, c] *= attention._scale;
                }
            }

            return new Head(attention, index) { Q = q, K = Part(x, 3 * channels, channels),
                V = Part(x, 3 * channels, 2 * channels) };
        }

        /// <summary>This head's columns [T, d] of a tensor whose positions are so far apart.</summary>
        public Bounded[,] Part(Bounded[] tensor, int stride, int first)
        {
            var part = new Bounded[attention._positions, attention._width];
            for (int t = 0; t < attention._positions; t++)
            {
                for (int c = 0; c < attention._width; c++)
                {
                    part[t, c] = tensor[(t * stride) + first + (index * attention._width) + c];
                }
            }

            return part;
        }

        public Bounded[,] Softmax()
        {
            Bounded[,] s = attention.Scores([(Q, K)]);
            var p = new Bounded[attention._positions, attention._positions];
            for (int t = 0; t < attention._positions; t++)
            {
                int reach = attention.Reach(t);
                Bounded top = Enumerable.Range(0, reach).Select(u => s[t, u]).MaxBy(score => score.Value);
                var sum = default(RunningSum);
                for (int u = 0; u < reach; u++)
                {
                    p[t, u] = Bounded.Exp(s[t, u] - top);
                    sum.Add(p[t, u]);
                }

                // Divided, or multiplied by the reciprocal.
                for (int u = 0; u < reach; u++)
                {
                    p[t, u] = (p[t, u] / sum.Total).After(1);
                }
            }

            return p;
        }

        public Bounded[,] MovedScores(Head moved) => attention.Scores([(moved.Q, K), (Q, moved.K)]);

        public Bounded[,] MovedP(Head moved) => attention.Times(P, Centred(MovedScores(moved)));

        /// <summary>x − ⟨x⟩ with the mean of each row weighted by P.</summary>
        public Bounded[,] Centred(Bounded[,] x)
        {
            Bounded[] means =
            [
                .. Enumerable.Range(0, attention._positions).Select(t =>
                {
                    var sum = default(RunningSum);
                    for (int u = 0; u < attention.Reach(t); u++)
                    {
                        sum.Add(P[t, u], x[t, u]);
                    }

                    return sum.Total;
                }),
            ];
            return attention.Fill((t, u) => x[t, u] - means[t]);
        }

        /// <summary>This head's part of the output += weights · right.</summary>
        public void AddTo(RunningSum[] output, Bounded[,] weights, Bounded[,] right)
        {
            for (int t = 0; t < attention._positions; t++)
            {
                for (int c = 0; c < attention._width; c++)
                {
                    for (int u = 0; u < attention.Reach(t); u++)
                    {
                        output[(t * attention._channels) + (index * attention._width) + c]
                            .Add(weights[t, u], right[u, c]);
                    }
                }
            }
        }

        /// <summary>Adds Σ A B/√d to the queries' cotangents, Σ Aᵀ B to the keys' and the values'.</summary>
        public void Pull(
            RunningSum[] to, (Bounded[,] A, Bounded[,] B)[] queries, (Bounded[,] A, Bounded[,] B)[] keys,
            (Bounded[,] A, Bounded[,] B)[] values)
        {
            for (int t = 0; t < attention._positions; t++)
            {
                for (int c = 0; c < attention._width; c++)
                {
                    int at = (t * 3 * attention._channels) + (index * attention._width) + c;
                    to[at].Add(Sum(queries, t, c, transposed: false) * attention._scale);
                    to[at + attention._channels].Add(Sum(keys, t, c, transposed: true));
                    to[at + (2 * attention._channels)].Add(Sum(values, t, c, transposed: true));
                }
            }
        }

        private Bounded Sum((Bounded[,] A, Bounded[,] B)[] terms, int t, int c, bool transposed)
        {
            var sum = default(RunningSum);
            foreach ((Bounded[,] a, Bounded[,] b) in terms)
            {
                for (int u = 0; u < attention._positions; u++)
                {
                    sum.Add(transposed ? a[u, t] : a[t, u], b[u, c]);
                }
            }

            return sum.Total;
        }
    }

    // Positions that the softmax of row t covers.
    private int Reach(int t) => layer.IsCausal ? t + 1 : _positions;
}
