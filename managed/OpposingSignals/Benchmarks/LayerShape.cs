using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>A layer: forward, tangent, backward and tangent-backward.</summary>
/// <remarks>
/// <c>LAYER KEY=VALUE ... samples=N [vectors=K]</c>. Layers and their keys (those with a value are optional):
/// <c>linear inputs outputs positions=1 bias=1</c>, <c>convolution input channels kernel stride=1 padding=0 groups=1
/// bias=1</c>, <c>attention positions width heads causal=0</c> of all heads together <c>width</c> wide, <c>layernorm
/// input</c>, <c>groupnorm input groups</c>, <c>batchnorm input</c>, <c>maxpool input kernel</c>, <c>averagepool
/// input kernel</c>, <c>add input</c>, <c>flatten input</c>, <c>shortcut input channels stride</c>, <c>dropout input
/// percent</c>, <c>embedding positions vocabulary width</c>, <c>positions input</c>, and every activation by its name
/// with <c>input</c>. An input is HEIGHTxWIDTHxCHANNELS.
/// </remarks>
/// <param name="Text">The line.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Samples">Samples N.</param>
/// <param name="Vectors">Vectors K of tangents and cotangents.</param>
public sealed record LayerShape(string Text, Layer Layer, int Samples, int Vectors) : KernelShape(Text)
{
    internal static IEnumerable<string> Names =>
    [
        "linear", "convolution", "attention", "layernorm", "groupnorm", "batchnorm", "maxpool", "averagepool", "add",
        "flatten",
        "shortcut", "dropout", "embedding", "positions", .. ModelCatalog.Activations.Keys.Order(StringComparer.Ordinal),
    ];

    internal static LayerShape? Parse(string name, string text, ShapeValues values)
    {
        Layer? layer = name switch
        {
            "linear" => new Linear(
                FeatureShape.Sequence(values.Number("positions", 1), values.Number("inputs")), values.Number("outputs"),
                bias: values.Number("bias", 1) != 0),
            "convolution" => new Convolution(
                values.Image(), values.Number("channels"), values.Number("kernel"), values.Number("stride", 1),
                values.Number("padding", 0), bias: values.Number("bias", 1) != 0, groups: values.Number("groups", 1)),
            "attention" => new Attention(
                FeatureShape.Sequence(values.Number("positions"), 3 * values.Number("width")), values.Number("heads"),
                values.Number("causal", 0) != 0),
            "layernorm" => FeatureNormalization.LayerNorm(values.Image(), 1e-5),
            "groupnorm" => FeatureNormalization.GroupNorm(values.Image(), values.Number("groups"), 1e-5),
            "batchnorm" => FeatureNormalization.BatchNorm(values.Image(), 1e-5),
            "maxpool" => Pooling.Max(values.Image(), values.Number("kernel"), 0, 0),
            "averagepool" => Pooling.Average(values.Image(), values.Number("kernel"), 0, 0),
            "add" => new Add(values.Image()),
            "flatten" => new Flatten(values.Image()),
            "shortcut" => new PaddedShortcut(values.Image(), values.Number("channels"), values.Number("stride")),
            "dropout" => new Dropout(values.Image(), values.Number("percent") / 100.0, seed: 1),
            "embedding" => new TokenEmbedding(
                values.Number("positions"), values.Number("vocabulary"), values.Number("width")),
            "positions" => new LearnedPositions(values.Image()),
            _ when ModelCatalog.Activations.TryGetValue(name, out ActivationKind kind) =>
                new Activation(kind, values.Image()),
            _ => null,
        };
        return layer is null ? null : new LayerShape(text, layer, values.Count("samples"), values.Count("vectors", 1));
    }

    private protected override IReadOnlyList<KernelTiming> Time(
        PatternMemory memory, WorkTimer timer, IReadOnlyList<KernelLibrary> libraries) =>
        new LayerBenchmark(this, memory, libraries).Time(timer);
}
