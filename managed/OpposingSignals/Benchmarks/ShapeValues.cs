using System.Globalization;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>The <c>KEY=VALUE</c> words of a shape, each of which must be asked for.</summary>
internal sealed class ShapeValues
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>Takes the words apart.</summary>
    /// <exception cref="InputException">One has another form, or a key comes twice.</exception>
    public ShapeValues(IEnumerable<string> words)
    {
        foreach (string word in words)
        {
            string[] pair = word.Split('=');
            if (pair.Length != 2 || !_values.TryAdd(pair[0], pair[1]))
            {
                throw new InputException($"'{word}' is not KEY=VALUE, or the key was given before.");
            }
        }
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="InputException">It is not one, or it is missing and has no value otherwise.</exception>
    public int Number(string key, int? otherwise = null)
    {
        _used.Add(key);
        return !_values.TryGetValue(key, out string? text)
            ? otherwise ?? throw new InputException($"{key}=NUMBER is missing.")
            : Number(key, text);
    }

    /// <summary>A number of at least one.</summary>
    /// <exception cref="InputException">It is not, or it is missing and has no value otherwise.</exception>
    public int Count(string key, int? otherwise = null) =>
        Number(key, otherwise) is var count and >= 1 ? count : throw new InputException($"{key} must be at least 1.");

    /// <summary>A word.</summary>
    /// <exception cref="InputException">It is missing.</exception>
    public string Word(string key)
    {
        _used.Add(key);
        return _values.GetValueOrDefault(key) ?? throw new InputException($"{key}=WORD is missing.");
    }

    /// <summary>The input's height, width and channels.</summary>
    /// <exception cref="InputException">They are missing or wrong.</exception>
    public FeatureShape Image()
    {
        _used.Add("input");
        return _values.GetValueOrDefault("input", "").Split('x') is [var height, var width, var channels]
            ? new FeatureShape(Number("input", height), Number("input", width), Number("input", channels))
            : throw new InputException("input=HEIGHTxWIDTHxCHANNELS is missing.");
    }

    /// <summary>Refuses what nobody asked for.</summary>
    /// <exception cref="InputException">There is such a value.</exception>
    public void RequireAllUsed()
    {
        if (_values.Keys.FirstOrDefault(key => !_used.Contains(key)) is { } key)
        {
            throw new InputException($"This shape has no '{key}'.");
        }
    }

    private static int Number(string key, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new InputException($"{key} must be a whole number, got '{text}'.");
}
