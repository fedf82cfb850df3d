using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// The passes over a whole network for one sample, layer by layer. Tensors are numbered as in
/// <see cref="NetworkNode.Inputs"/>: 0 is the input, i + 1 the output of node i. Blocks of parameters are one array per
/// node.
/// </summary>
public sealed class PlainNetwork
{
    private readonly Network _network;
    private readonly PlainLayer[] _layers;

    public PlainNetwork(Network network)
    {
        _network = network;
        _layers = [.. network.Nodes.Select(node => PlainLayer.For(node.Layer))];
    }

    private int Last => _layers.Length;

    /// <summary>θ as one array per node; a node's parameters follow each other there, wherever in θ they lie.</summary>
    public Bounded[][] Split(double[] vector) => SplitWhere(vector, _ => true);

    /// <summary>A direction as one array per node; zero where parameters are frozen.</summary>
    public Bounded[][] SplitDirection(double[] vector) => SplitWhere(vector, parameter => !parameter.IsFrozen);

    /// <summary>Every tensor of the network.</summary>
    public Bounded[][] Forward(Bounded[] input, Bounded[][] parameters)
    {
        var tensors = new Bounded[Last + 1][];
        tensors[0] = input;
        for (int i = 0; i < Last; i++)
        {
            tensors[i + 1] = _layers[i].Forward(Inputs(i, tensors), parameters[i]);
        }

        return tensors;
    }

    /// <summary>ẋ of every tensor along a direction.</summary>
    public Bounded[][] Tangent(Bounded[][] tensors, Bounded[][] parameters, Bounded[][] direction)
    {
        var tangents = new Bounded[Last + 1][];
        tangents[0] = new Bounded[tensors[0].Length];
        for (int i = 0; i < Last; i++)
        {
            tangents[i + 1] =
                _layers[i].Tangent(Inputs(i, tensors), parameters[i], Inputs(i, tangents), direction[i]);
        }

        return tangents;
    }

    /// <summary>
    /// d²z/dt² of the outputs along θ + t v, by second-order jets: ÿ = Df[ẍ] + D²f[(ẋ, v)²]. No cotangent takes part.
    /// </summary>
    public Bounded[] SecondDerivative(
        Bounded[][] tensors, Bounded[][] tangents, Bounded[][] parameters, Bounded[][] direction)
    {
        var seconds = new Bounded[Last + 1][];
        seconds[0] = new Bounded[tensors[0].Length];
        for (int i = 0; i < Last; i++)
        {
            Bounded[][] x = Inputs(i, tensors);
            Bounded[] moved = _layers[i]
                .Tangent(x, parameters[i], Inputs(i, seconds), new Bounded[direction[i].Length]);
            seconds[i + 1] = [.. moved.Zip(SecondOrder(i, tensors, tangents, parameters, direction), (a, b) => a + b)];
        }

        return seconds[Last];
    }

    /// <summary>D²f[(ẋ, v)²] of node i.</summary>
    public Bounded[] SecondOrder(
        int i, Bounded[][] tensors, Bounded[][] tangents, Bounded[][] parameters, Bounded[][] direction) =>
        _layers[i].SecondOrder(Inputs(i, tensors), parameters[i], Inputs(i, tangents), direction[i]);

    /// <summary>Cotangents of every tensor from that of the output; adds to θ̄.</summary>
    public Bounded[][] Backward(
        Bounded[][] tensors, Bounded[][] parameters, Bounded[] outputCotangent, Span<RunningSum> gradient)
    {
        (Bounded[][] cotangents, RunningSum[][] sums) = BeginBackward(tensors, outputCotangent);
        for (int i = Last - 1; i >= 0; i--)
        {
            Settle(i + 1, cotangents, sums);
            RunningSum[] own = Gather(i, gradient);
            _layers[i].Backward(Inputs(i, tensors), parameters[i], cotangents[i + 1], Inputs(i, sums), own);
            Scatter(i, own, gradient);
        }

        return cotangents;
    }

    /// <summary>Tangents of the cotangents from that of the output's; adds to the tangent of θ̄.</summary>
    public void TangentBackward(
        Bounded[][] tensors, Bounded[][] cotangents, Bounded[][] tangents, Bounded[][] parameters,
        Bounded[][] direction,
        Bounded[] outputCotangentTangent, Span<RunningSum> product)
    {
        (Bounded[][] moved, RunningSum[][] sums) = BeginBackward(tensors, outputCotangentTangent);
        for (int i = Last - 1; i >= 0; i--)
        {
            Settle(i + 1, moved, sums);
            RunningSum[] own = Gather(i, product);
            _layers[i].TangentBackward(
                Inputs(i, tensors), parameters[i], cotangents[i + 1], moved[i + 1], Inputs(i, tangents), direction[i],
                Inputs(i, sums), own);
            Scatter(i, own, product);
        }
    }

    private static (Bounded[][] Cotangents, RunningSum[][] Sums) BeginBackward(Bounded[][] tensors, Bounded[] last)
    {
        var cotangents = new Bounded[tensors.Length][];
        cotangents[^1] = last;
        return (cotangents, Array.ConvertAll(tensors, tensor => new RunningSum[tensor.Length]));
    }

    // All consumers of a tensor have run by the time its producer is reached: their parts were one sum, whose order is
    // free.
    private static void Settle(int tensor, Bounded[][] cotangents, RunningSum[][] sums) =>
        cotangents[tensor] ??= RunningSum.Totals(sums[tensor]);

    private T[][] Inputs<T>(int i, T[][] tensors) => [.. _network.Nodes[i].Inputs.Select(tensor => tensors[tensor])];

    private Bounded[][] SplitWhere(double[] vector, Func<Parameter, bool> isWanted) =>
    [
        .. _network.Nodes.Select(node => node.Parameters.SelectMany(parameter =>
            vector.AsSpan((int)parameter.Offset, (int)parameter.Count).ToArray()
                .Select(value => isWanted(parameter) ? (Bounded)value : Bounded.Zero)).ToArray()),
    ];

    private RunningSum[] Gather(int i, Span<RunningSum> vector)
    {
        List<RunningSum> own = [];
        foreach (Parameter parameter in _network.Nodes[i].Parameters)
        {
            own.AddRange(vector.Slice((int)parameter.Offset, (int)parameter.Count));
        }

        return [.. own];
    }

    // A frozen parameter keeps its zero.
    private void Scatter(int i, ReadOnlySpan<RunningSum> own, Span<RunningSum> vector)
    {
        foreach (Parameter parameter in _network.Nodes[i].Parameters)
        {
            int count = (int)parameter.Count;
            if (!parameter.IsFrozen)
            {
                own[..count].CopyTo(vector.Slice((int)parameter.Offset, count));
            }

            own = own[count..];
        }
    }
}
