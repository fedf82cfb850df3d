using System.Collections.Immutable;

namespace OpposingSignals.Networks;

/// <summary>
/// Builds a network layer by layer; each takes the shape that the one before leaves. Layers are numbered as in
/// PyTorch's <c>nn.Sequential</c>, so that state dicts carry over by name.
/// </summary>
/// <example>
/// <code>
/// Network network = new NetworkBuilder(new FeatureShape(32, 32, 3))
///     .Convolution(32, kernel: 3, padding: 1).Activation(ActivationKind.Relu).MaxPool(2)
///     .Flatten().Linear(10)
///     .Build();
/// </code>
/// </example>
public sealed class NetworkBuilder
{
    private readonly FeatureShape _input;
    private readonly List<NetworkNode> _nodes = [];
    private readonly List<Parameter> _parameters = [];
    private readonly HashSet<string> _unclaimed = [];
    private string _scope = "";
    private string _prefix = "";
    private string? _name;
    private string? _tiedTo;
    private int _index;
    private int _current;
    private FeatureShape _shape;
    private long _offset;
    private bool _flattensInput;

    /// <summary>Starts a network.</summary>
    /// <param name="input">Shape of one sample.</param>
    public NetworkBuilder(FeatureShape input)
    {
        if (input.Height < 1 || input.Width < 1 || input.Channels < 1)
        {
            throw new InputException($"A network's input must have positive extents, got {input}.");
        }

        _input = _shape = input;
    }

    /// <summary>
    /// Names the next layer or block instead of numbering it, within the block it belongs to; dots may nest names, as
    /// in <c>layer1.0</c>. The empty name leaves the layer's parameters their own.
    /// </summary>
    public NetworkBuilder Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        _name = name;
        return this;
    }

    /// <summary>
    /// Adds a parameter to θ before a layer reads it, so that θ has the order of a model that declares it early. A
    /// later layer that has a parameter of this name takes it; if none does, it is unused: its elements of gradients
    /// and products are zero.
    /// </summary>
    /// <param name="name">Full name.</param>
    /// <param name="specification">Shape and role; its own name is not used.</param>
    public NetworkBuilder Declare(string name, ParameterSpecification specification)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(specification);
        Add(name, specification);
        _unclaimed.Add(name);
        return this;
    }

    /// <summary>Ties the weight of the next layer to an earlier parameter: both are one.</summary>
    /// <param name="parameter">Full name of the earlier parameter, of the same shape.</param>
    public NetworkBuilder Tied(string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(parameter);
        _tiedTo = parameter;
        return this;
    }

    /// <summary>
    /// Adds the embedding of a sequence of tokens, which are the data; the network's input is then [T] integers.
    /// </summary>
    public NetworkBuilder TokenEmbedding(int vocabulary, int width) =>
        Append(new TokenEmbedding(_shape.Size, vocabulary, width));

    /// <summary>Adds learned numbers to every position; see <see cref="Networks.LearnedPositions"/>.</summary>
    public NetworkBuilder LearnedPositions(string name = "weight", int leading = 0, int rows = 0) =>
        Append(new LearnedPositions(_shape, name, leading, rows));

    /// <summary>Puts a learned token in front of the sequence.</summary>
    public NetworkBuilder ClassToken() => Append(new ClassToken(_shape));

    /// <summary>Takes the first token of the sequence.</summary>
    public NetworkBuilder FirstToken() => Append(new FirstToken(_shape));

    /// <summary>Adds self-attention between its projections: the shape so far has queries, keys and values.</summary>
    public NetworkBuilder Attention(int heads, bool causal = false) => Append(new Attention(_shape, heads, causal));

    /// <summary>Adds y = x Wᵀ + b at every position of a sequence or an image.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="transposed">Whether W is kept as [in, out].</param>
    /// <param name="prefix">What the names of weight and bias begin with.</param>
    public NetworkBuilder PositionwiseLinear(
        int outputs, bool bias = true, bool transposed = false, string prefix = "") =>
        Append(new Linear(_shape, outputs, bias, transposed, prefix));

    /// <summary>Adds y = x Wᵀ + b.</summary>
    /// <exception cref="InputException">The shape so far is an image: flatten it first.</exception>
    public NetworkBuilder Linear(int outputs, bool bias = true)
    {
        if (_shape.Height * _shape.Width != 1)
        {
            throw new InputException(
                $"A linear layer takes a vector, not an image of {_shape}. Put a Flatten before it.");
        }

        return Append(new Linear(_shape.Channels, outputs, bias));
    }

    /// <summary>Adds a convolution with a square kernel.</summary>
    public NetworkBuilder Convolution(
        int outChannels, int kernel, int stride = 1, int padding = 0, bool bias = true, int groups = 1) =>
        Append(new Convolution(_shape, outChannels, kernel, stride, padding, bias, groups));

    /// <summary>Adds a convolution of every channel by itself, with a square kernel.</summary>
    public NetworkBuilder DepthwiseConvolution(int kernel, int stride = 1, int padding = 0, bool bias = true) =>
        Convolution(_shape.Channels, kernel, stride, padding, bias, groups: _shape.Channels);

    /// <summary>Adds an elementwise activation.</summary>
    public NetworkBuilder Activation(ActivationKind kind, double parameter = double.NaN) =>
        Append(new Activation(kind, _shape, parameter));

    /// <summary>Adds a normalisation of each position over its channels.</summary>
    public NetworkBuilder LayerNorm(double epsilon = 1e-5) => Append(FeatureNormalization.LayerNorm(_shape, epsilon));

    /// <summary>Adds a normalisation of each image over groups of channels.</summary>
    public NetworkBuilder GroupNorm(int groups, double epsilon = 1e-5) =>
        Append(FeatureNormalization.GroupNorm(_shape, groups, epsilon));

    /// <summary>Adds a normalisation of each channel over the micro-batch, or by running statistics.</summary>
    public NetworkBuilder BatchNorm(double epsilon = 1e-5) => Append(FeatureNormalization.BatchNorm(_shape, epsilon));

    /// <summary>Adds a dropout with a fixed mask.</summary>
    public NetworkBuilder Dropout(double rate, ulong seed = 0) => Append(new Dropout(_shape, rate, seed));

    /// <summary>Adds a max pool; the stride defaults to the kernel.</summary>
    public NetworkBuilder MaxPool(int kernel, int stride = 0, int padding = 0) =>
        Append(Pooling.Max(_shape, kernel, stride, padding));

    /// <summary>Adds an average pool; the stride defaults to the kernel.</summary>
    public NetworkBuilder AveragePool(int kernel, int stride = 0, int padding = 0) =>
        Append(Pooling.Average(_shape, kernel, stride, padding));

    /// <summary>Adds the mean of each channel over the image.</summary>
    public NetworkBuilder GlobalAveragePool() => Append(Pooling.GlobalAverage(_shape));

    /// <summary>
    /// Adds a flattening in PyTorch's order. At the very start it costs nothing: the data are stored that way.
    /// </summary>
    public NetworkBuilder Flatten()
    {
        if (_nodes.Count == 0 && _prefix.Length == 0)
        {
            _flattensInput = true;
            _shape = FeatureShape.Vector(_shape.Size);
            _name = null;
            _index++;
            return this;
        }

        return Append(new Flatten(_shape));
    }

    /// <summary>
    /// Adds y = branch(x) + shortcut(x). The parts are numbered under <c>branch</c> and <c>shortcut</c> within the
    /// block's number or name; layers that <see cref="Named"/> names stand under the block itself.
    /// </summary>
    /// <param name="branch">Adds the branch's layers.</param>
    /// <param name="shortcut">Adds the shortcut's layers; none is the identity.</param>
    /// <exception cref="InputException">The two do not end in the same shape.</exception>
    public NetworkBuilder Residual(Action<NetworkBuilder> branch, Action<NetworkBuilder>? shortcut = null)
    {
        ArgumentNullException.ThrowIfNull(branch);
        (string scope, string prefix, int index, int start, FeatureShape startShape) =
            (_scope, _prefix, _index, _current, _shape);
        string block = TakeName();
        (_scope, _prefix, _index) = ($"{block}.", $"{block}.branch.", 0);
        branch(this);
        (int branchEnd, FeatureShape branchShape) = (_current, _shape);

        (_prefix, _index, _current, _shape) = ($"{block}.shortcut.", 0, start, startShape);
        shortcut?.Invoke(this);
        if (_shape != branchShape)
        {
            throw new InputException(
                $"A residual branch ends in {branchShape} and its shortcut in {_shape}; they must agree.");
        }

        (_scope, _prefix, _index) = (scope, prefix, index);
        return Append(new Add(_shape), branchEnd, _current);
    }

    /// <summary>
    /// Adds a shortcut without parameters: every stride-th pixel, with channels of zeros around its own up to
    /// <paramref name="outChannels"/>.
    /// </summary>
    public NetworkBuilder PaddedShortcut(int outChannels, int stride) =>
        Append(new PaddedShortcut(_shape, outChannels, stride));

    /// <summary>Adds a layer of the caller's making.</summary>
    public NetworkBuilder Append(Layer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return Append(layer, _current);
    }

    /// <summary>Finishes the network.</summary>
    /// <param name="name">Name for messages and records.</param>
    public Network Build(string name = "network") => new(name, _input, _flattensInput, [.. _nodes], [.. _parameters]);

    private NetworkBuilder Append(Layer layer, params ReadOnlySpan<int> inputs)
    {
        ImmutableArray<Parameter>.Builder parameters = ImmutableArray.CreateBuilder<Parameter>();
        string layerName = TakeName();
        foreach (ParameterSpecification specification in layer.Parameters)
        {
            string name = layerName.Length == 0 ? specification.Name : $"{layerName}.{specification.Name}";
            parameters.Add(
                _tiedTo is not null ? Known(_tiedTo, specification)
                : _unclaimed.Remove(name) ? Known(name, specification)
                : Add(name, specification));
            _tiedTo = null;
        }

        _nodes.Add(new NetworkNode(layer, [.. inputs], parameters.ToImmutable()));
        _current = _nodes.Count;
        _shape = layer.OutputShape;
        _index++;
        return this;
    }

    private Parameter Add(string name, ParameterSpecification specification)
    {
        if (_parameters.Exists(parameter => parameter.Name == name))
        {
            throw new InputException($"Two parameters are called '{name}'.");
        }

        _parameters.Add(new Parameter(name, specification, _offset));
        _offset = checked(_offset + specification.Count);
        return _parameters[^1];
    }

    private Parameter Known(string name, ParameterSpecification specification)
    {
        Parameter known = _parameters.Find(parameter => parameter.Name == name)
            ?? throw new InputException($"There is no earlier parameter '{name}' to tie to.");
        return known.Shape.SequenceEqual(specification.Shape)
            ? known
            : throw new InputException(
                $"'{name}' has the shape [{string.Join(", ", known.Shape)}]; a layer that shares it needs " +
                $"[{string.Join(", ", specification.Shape)}].");
    }

    // Full name of the layer or block that is being added.
    private string TakeName()
    {
        string name = _name is null ? $"{_prefix}{_index}" : $"{_scope}{_name}";
        _name = null;
        return name;
    }
}
