using System.Globalization;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>A layer at the shape at which its kernels are timed, from a line of a file of shapes.</summary>
/// <remarks>
/// <c>LAYER KEY=VALUE ... samples=N [vectors=K]</c>, with # before a comment. Layers and their keys (those with a value are optional):
/// <c>linear inputs outputs positions=1</c>, <c>convolution input channels kernel stride=1 padding=0 groups=1</c>,
/// <c>attention positions width heads causal=0</c> of all heads together <c>width</c> wide,
/// <c>layernorm input</c>, <c>groupnorm input groups</c>, <c>batchnorm input</c>, <c>maxpool input kernel</c>,
/// <c>averagepool input kernel</c>, and every activation by its name with <c>input</c>. An input is HEIGHTxWIDTHxCHANNELS.
/// </remarks>
/// <param name="Text">The line, without what does not matter.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Samples">Samples N.</param>
/// <param name="Vectors">Vectors K of tangents and cotangents.</param>
public sealed record KernelShape(string Text, Layer Layer, int Samples, int Vectors)
{
    /// <summary>The shapes in a file.</summary>
    /// <exception cref="InputException">The file cannot be read, or a line of it is wrong; the message names it.</exception>
    public static IReadOnlyList<KernelShape> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The shapes in {path} cannot be read: {e.Message}", e);
        }

        var shapes = new List<KernelShape>();
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Split('#')[0].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            try
            {
                shapes.Add(Parse(line));
            }
            catch (InputException e)
            {
                throw new InputException($"{path}, line {i + 1}: {e.Message}", e);
            }
        }

        return shapes;
    }

    /// <summary>The shape that a line describes.</summary>
    /// <exception cref="InputException">There is no such layer, or a value is missing, unknown or wrong.</exception>
    public static KernelShape Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var values = new Values(words);
        int samples = values.Number("samples"), vectors = values.Number("vectors", 1);
        Layer layer = words[0] switch
        {
            "linear" => new Linear(
                FeatureShape.Sequence(values.Number("positions", 1), values.Number("inputs")), values.Number("outputs")),
            "convolution" => new Convolution(
                values.Image(), values.Number("channels"), values.Number("kernel"), values.Number("stride", 1),
                values.Number("padding", 0), groups: values.Number("groups", 1)),
            "attention" => new Attention(
                FeatureShape.Sequence(values.Number("positions"), 3 * values.Number("width")), values.Number("heads"),
                values.Number("causal", 0) != 0),
            "layernorm" => FeatureNormalization.LayerNorm(values.Image(), 1e-5),
            "groupnorm" => FeatureNormalization.GroupNorm(values.Image(), values.Number("groups"), 1e-5),
            "batchnorm" => FeatureNormalization.BatchNorm(values.Image(), 1e-5),
            "maxpool" => Pooling.Max(values.Image(), values.Number("kernel"), 0, 0),
            "averagepool" => Pooling.Average(values.Image(), values.Number("kernel"), 0, 0),
            var name when ModelCatalog.Activations.TryGetValue(name, out ActivationKind kind) => new Activation(kind, values.Image()),
            var name => throw new InputException(
                $"There is no layer '{name}'. Known: linear, convolution, attention, layernorm, groupnorm, batchnorm, maxpool, averagepool, " +
                $"{string.Join(", ", ModelCatalog.Activations.Keys.Order(StringComparer.Ordinal))}."),
        };
        values.RequireAllUsed();
        return samples >= 1 && vectors >= 1
            ? new KernelShape(string.Join(' ', words), layer, samples, vectors)
            : throw new InputException("Samples and vectors must be at least 1.");
    }

    // KEY=VALUE words, each of which must be asked for.
    private sealed class Values
    {
        private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
        private readonly HashSet<string> _used = new(StringComparer.Ordinal);

        public Values(string[] words)
        {
            foreach (string word in words[1..])
            {
                string[] pair = word.Split('=');
                if (pair.Length != 2 || !_values.TryAdd(pair[0], pair[1]))
                {
                    throw new InputException($"'{word}' is not KEY=VALUE, or the key was given before.");
                }
            }
        }

        public int Number(string key, int? otherwise = null)
        {
            _used.Add(key);
            return !_values.TryGetValue(key, out string? text)
                ? otherwise ?? throw new InputException($"{key}=NUMBER is missing.")
                : Number(key, text);
        }

        public FeatureShape Image()
        {
            _used.Add("input");
            return _values.GetValueOrDefault("input", "").Split('x') is [var height, var width, var channels]
                ? new FeatureShape(Number("input", height), Number("input", width), Number("input", channels))
                : throw new InputException("input=HEIGHTxWIDTHxCHANNELS is missing.");
        }

        public void RequireAllUsed()
        {
            if (_values.Keys.FirstOrDefault(key => !_used.Contains(key)) is { } key)
            {
                throw new InputException($"This layer has no '{key}'.");
            }
        }

        private static int Number(string key, string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                ? number
                : throw new InputException($"{key} must be a whole number, got '{text}'.");
    }
}
