using System.Collections.Immutable;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>One layer in its place in a network.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Inputs">Tensors it reads; 0 is the network's input, i + 1 the output of node i.</param>
/// <param name="Parameters">Its parameters in the flat vector θ.</param>
public sealed record NetworkNode(Layer Layer, ImmutableArray<int> Inputs, ImmutableArray<Parameter> Parameters);

/// <summary>
/// A network: layers in an order in which each reads only what came before, so chains and residual branches alike. Its
/// parameters are one flat vector θ in PyTorch's order and layout.
/// </summary>
public sealed class Network
{
    internal Network(
        string name, FeatureShape input, bool flattensInput, ImmutableArray<NetworkNode> nodes,
        ImmutableArray<Parameter> parameters)
    {
        if (nodes.IsEmpty)
        {
            throw new InputException("A network needs at least one layer.");
        }

        Name = name;
        Input = input;
        FlattensInput = flattensInput;
        Nodes = nodes;
        Parameters = parameters;
        ParameterCount = Parameters.Sum(parameter => parameter.Count);
        if (ParameterCount == 0)
        {
            throw new InputException("A network without parameters cannot be trained.");
        }

        Vocabulary = VocabularyOf(nodes);
        int[] consumers = new int[nodes.Length + 1];
        foreach (int tensor in nodes.SelectMany(node => node.Inputs))
        {
            consumers[tensor]++;
        }

        Consumers = [.. consumers];
    }

    /// <summary>Name as given on the command line, or by the builder.</summary>
    public string Name { get; }

    /// <summary>Shape of one sample's input; of the image, where it is flattened at once.</summary>
    public FeatureShape Input { get; }

    /// <summary>
    /// Whether the first layer flattens the image: the input is then stored in PyTorch's order C, H, W.
    /// </summary>
    public bool FlattensInput { get; }

    /// <summary>Layers in order of evaluation.</summary>
    public ImmutableArray<NetworkNode> Nodes { get; }

    /// <summary>Different tokens, where the input is a sequence of integers; 0 where it is numbers.</summary>
    public int Vocabulary { get; }

    /// <summary>Parameters in the order of θ; one that several layers share, or none reads, stands here once.</summary>
    public ImmutableArray<Parameter> Parameters { get; }

    /// <summary>Elements of θ.</summary>
    public long ParameterCount { get; }

    /// <summary>Outputs per sample.</summary>
    public int Outputs => OutputShape.Size;

    /// <summary>Shape of one sample's outputs.</summary>
    public FeatureShape OutputShape => Nodes[^1].Layer.OutputShape;

    /// <summary>How many inputs of nodes each tensor is; the loss is not counted.</summary>
    internal ImmutableArray<int> Consumers { get; }

    /// <summary>Whether a layer couples the samples of a micro-batch in training mode: batch normalisation.</summary>
    internal bool CouplesSamples => Nodes.Any(node => node.Layer.CouplesSamples);

    /// <summary>Bytes of one element of the input on a device.</summary>
    internal int InputElementSize(Precision precision) => Vocabulary > 0 ? sizeof(long) : precision.Size();

    /// <summary>Running statistics by their names in a PyTorch state dict, without the last part.</summary>
    internal IEnumerable<(string Name, RunningStatistics Statistics)> Running =>
        from node in Nodes
        let running = (node.Layer as FeatureNormalization)?.Running
        where running is not null
        select (node.Parameters[0].Name[..node.Parameters[0].Name.LastIndexOf('.')], running);

    /// <summary>
    /// The activation that node i may take along in its forward and tangent passes: the next node, where it alone reads
    /// what node i computes. Null where there is none.
    /// </summary>
    internal Activation? ActivationAfter(int i) =>
        Nodes[i].Layer.TakesActivationAfter && Consumers[i + 1] == 1 && i + 1 < Nodes.Length
            && Nodes[i + 1].Inputs[0] == i + 1
            ? Nodes[i + 1].Layer as Activation
            : null;

    /// <summary>
    /// The activation that node i may take along in its backward passes: the node before, where node i alone reads what
    /// that computes. Null where there is none.
    /// </summary>
    internal Activation? ActivationBefore(int i) =>
        Nodes[i].Layer.TakesActivationBefore && i > 0 && Nodes[i].Inputs[0] == i && Consumers[i] == 1
            ? Nodes[i - 1].Layer as Activation
            : null;

    /// <summary>
    /// The same network with some parameters frozen: constants, which have zero gradients and curvature and stay as
    /// they are in training. Running statistics are shared with this network.
    /// </summary>
    /// <param name="names">Full names, or their beginnings followed by <c>*</c>.</param>
    /// <exception cref="InputException">A name fits no parameter, or none is left to train.</exception>
    public Network Freeze(params IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        HashSet<string> frozen = [];
        foreach (string name in names)
        {
            string[] fitting =
            [
                .. Parameters.Select(parameter => parameter.Name).Where(known =>
                    name.EndsWith('*') ? known.StartsWith(name[..^1], StringComparison.Ordinal) : known == name),
            ];
            if (fitting.Length == 0)
            {
                throw new InputException(
                    $"{Name} has no parameter '{name}' to freeze. It has: {string.Join(", ", Parameters.Select(p => p.Name).Take(12))}" +
                    $"{(Parameters.Length > 12 ? ", ..." : "")}.");
            }

            frozen.UnionWith(fitting);
        }

        if (Parameters.All(parameter => parameter.IsFrozen || frozen.Contains(parameter.Name)))
        {
            throw new InputException($"Every parameter of {Name} is frozen: nothing is left to train.");
        }

        return new Network(
            Name, Input, FlattensInput,
            [.. Nodes.Select(node => node with { Parameters = [.. node.Parameters.Select(Frozen)] })],
            [.. Parameters.Select(Frozen)]);

        Parameter Frozen(Parameter parameter) => frozen.Contains(parameter.Name)
            ? parameter with { IsFrozen = true } : parameter;
    }

    /// <summary>
    /// The same network of shifted inputs, f(x + δ, θ), with δ before θ in one vector. Its gradient along δ is the sum
    /// of the samples' gradients along their inputs, in the order in which a device stores them, and its Hessian has
    /// the mixed derivatives along inputs and parameters. Running statistics are shared with this network.
    /// </summary>
    /// <exception cref="InputException">The inputs are tokens.</exception>
    internal Network ShiftingInputs()
    {
        if (Vocabulary > 0)
        {
            throw new InputException($"The inputs of {Name} are tokens, which cannot be shifted.");
        }

        var layer = new LearnedPositions(FlattensInput ? FeatureShape.Vector(Input.Size) : Input);
        var shift = new Parameter("input_shift", layer.Parameters[0], 0);
        var first = new NetworkNode(layer, [0], [shift]);
        return new Network(
            Name, Input, FlattensInput,
            [
                first,
                .. Nodes.Select(node => node with
                {
                    Inputs = [.. node.Inputs.Select(tensor => tensor + 1)],
                    Parameters = [.. node.Parameters.Select(Moved)],
                }),
            ],
            [shift, .. Parameters.Select(Moved)]);

        Parameter Moved(Parameter parameter) => parameter with { Offset = parameter.Offset + shift.Count };
    }

    /// <summary>The layers, one a line.</summary>
    public string Describe() =>
        $"{Name}: input {Input}, {ParameterCount} parameters\n" +
        string.Join("\n", Nodes.Select(node => $"  {node.Layer} -> {node.Layer.OutputShape}"));

    private static int VocabularyOf(ImmutableArray<NetworkNode> nodes)
    {
        int[] vocabularies =
        [
            .. nodes.Where(node => node.Inputs.Contains(0))
                .Select(node => (node.Layer as TokenEmbedding)?.Vocabulary ?? 0).Distinct(),
        ];
        if (vocabularies.Length > 1 || nodes.Any(node => node.Layer is TokenEmbedding && !node.Inputs.Contains(0)))
        {
            throw new InputException(
                "A token embedding reads the data, which are integers, and nothing but embeddings can read them.");
        }

        return vocabularies[0];
    }
}
