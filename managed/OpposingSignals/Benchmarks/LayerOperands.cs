using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>The operands of a layer's passes. Whoever does a pass reads the same inputs, and writes results of its
/// own.</summary>
internal sealed class LayerOperands
{
    private readonly LayerShape _shape;
    private readonly PatternMemory _memory;
    private readonly long[] _inputCounts, _parameterCounts;
    private readonly long _outputCount;
    private readonly nint[] _inputs, _parameters;
    private readonly nint _cache, _primalCotangent;
    private readonly VectorView[] _inputTangents, _parameterTangents;
    private readonly VectorView _cotangent;

    public LayerOperands(LayerShape shape, PatternMemory memory)
    {
        (_shape, _memory) = (shape, memory);
        Layer layer = shape.Layer;
        _inputCounts = [.. layer.InputShapes.Select(input => (long)shape.Samples * input.Size)];
        _parameterCounts = [.. layer.Parameters.Select(parameter => parameter.Count)];
        _outputCount = (long)shape.Samples * layer.OutputShape.Size;
        var embedding = layer as TokenEmbedding;
        _inputs = Array.ConvertAll(
            _inputCounts,
            count => embedding is null ? memory.Tensor(count) : memory.Integers(count, embedding.Vocabulary));
        _parameters = Array.ConvertAll(_parameterCounts, memory.Tensor);
        _cache = layer.CacheBytes(shape.Samples) > 0 ? memory.Allocate(layer.CacheBytes(shape.Samples)) : 0;

        // Tokens have no tangents.
        _inputTangents = Array.ConvertAll(_inputCounts, count => embedding is null ? Views(count) : VectorView.None);
        _parameterTangents = Array.ConvertAll(_parameterCounts, Views);
        _primalCotangent = memory.Tensor(_outputCount);
        _cotangent = Views(_outputCount);
    }

    /// <summary>Elements of all inputs, of the output, and of all parameters.</summary>
    public (long Inputs, long Output, long Parameters) Elements =>
        (_inputCounts.Sum(), _outputCount, _parameterCounts.Sum());

    /// <summary>The longest sum in any pass: over the fan-in, over what an input reaches, or over samples and
    /// positions.</summary>
    public long LongestSum => 2 * Math.Max(
        _shape.Layer.Parameters.Select(parameter => Math.Max(parameter.FanIn, parameter.FanOut)).FirstOrDefault(1),
        (long)_shape.Samples * _shape.Layer.OutputShape.Positions);

    /// <summary>A pass with results of its own.</summary>
    /// <param name="device">Who does its operations.</param>
    public LayerPass PassOn(Device device) => new()
    {
        Device = device,
        Precision = _memory.Precision,
        BatchNorm = BatchNormMode.Train,
        Dropout = true,
        Samples = _shape.Samples,
        Vectors = _shape.Vectors,
        Inputs = _inputs,
        Parameters = _parameters,
        Cache = _cache,
        Output = _memory.Tensor(_outputCount),
        InputTangents = _inputTangents,
        ParameterTangents = _parameterTangents,
        OutputTangent = Views(_outputCount),
        PrimalOutputCotangent = _primalCotangent,
        OutputCotangent = _cotangent,
        InputCotangents = Array.ConvertAll(
            _inputTangents, tangent => tangent.Exists ? Views(tangent.Stride) : VectorView.None),
        AccumulateInput = new bool[_inputs.Length],
        ParameterCotangents = Array.ConvertAll(_parameterCounts, Views),
    };

    private VectorView Views(long count) => new(_memory.Tensor(_shape.Vectors * count), count);
}
