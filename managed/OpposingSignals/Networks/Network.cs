using System.Collections.Immutable;

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
        string name, FeatureShape input, bool flattensInput, ImmutableArray<NetworkNode> nodes)
    {
        if (nodes.IsEmpty)
        {
            throw new InputException("A network needs at least one layer.");
        }

        Name = name;
        Input = input;
        FlattensInput = flattensInput;
        Nodes = nodes;
        Parameters = [.. nodes.SelectMany(node => node.Parameters)];
        ParameterCount = Parameters.Sum(parameter => parameter.Count);
        if (ParameterCount == 0)
        {
            throw new InputException("A network without parameters cannot be trained.");
        }
    }

    /// <summary>Name as given on the command line, or by the builder.</summary>
    public string Name { get; }

    /// <summary>Shape of one sample's input; of the image, where it is flattened at once.</summary>
    public FeatureShape Input { get; }

    /// <summary>Whether the first layer flattens the image: the input is then stored in PyTorch's order C, H, W.</summary>
    public bool FlattensInput { get; }

    /// <summary>Layers in order of evaluation.</summary>
    public ImmutableArray<NetworkNode> Nodes { get; }

    /// <summary>Parameters in the order of θ.</summary>
    public ImmutableArray<Parameter> Parameters { get; }

    /// <summary>Elements of θ.</summary>
    public long ParameterCount { get; }

    /// <summary>Outputs per sample.</summary>
    public int Outputs => Nodes[^1].Layer.OutputShape.Size;

    /// <summary>Whether a layer couples the samples of a micro-batch in training mode: batch normalisation.</summary>
    internal bool CouplesSamples => Nodes.Any(node => node.Layer.CouplesSamples);

    /// <summary>Running statistics by their names in a PyTorch state dict, without the last part.</summary>
    internal IEnumerable<(string Name, RunningStatistics Statistics)> Running =>
        from node in Nodes
        let running = (node.Layer as FeatureNormalization)?.Running
        where running is not null
        select (node.Parameters[0].Name[..node.Parameters[0].Name.LastIndexOf('.')], running);

    /// <summary>The layers, one a line.</summary>
    public string Describe() =>
        $"{Name}: input {Input}, {ParameterCount} parameters\n" +
        string.Join("\n", Nodes.Select(node => $"  {node.Layer} -> {node.Layer.OutputShape}"));
}
