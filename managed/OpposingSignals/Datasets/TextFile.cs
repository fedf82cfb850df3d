using System.Collections.Immutable;
using System.Text;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// A text file character by character, <c>text:FILE[:CONTEXT[:COUNT]]</c>: each sample is CONTEXT characters (64 by
/// default), and its targets are the characters that follow each of them. The first nine tenths of the file are for
/// training, the rest for testing; each is cut into windows side by side, and COUNT keeps the first of training.
/// </summary>
/// <remarks>
/// The vocabulary is every character (Unicode scalar) of the file, in the order of their code points.
/// </remarks>
public static class TextFile
{
    /// <summary>Characters of a sample, unless the name says otherwise.</summary>
    public const int DefaultContext = 64;

    private const double TrainingShare = 0.9;

    // Tokens are kept as 8 bytes each, inputs and targets.
    private const long LargestFile = 256L << 20;

    /// <summary>Reads the file.</summary>
    /// <param name="path">UTF-8 text.</param>
    /// <param name="context">Characters of a sample.</param>
    /// <param name="count">Training samples to keep; null keeps all.</param>
    /// <exception cref="DatasetException">The file cannot be read, is not text, or is too short.</exception>
    public static DatasetPair Load(string path, int context = DefaultContext, int? count = null)
    {
        string name = $"text:{path}";
        Rune[] text = [.. Read(name, path).EnumerateRunes()];
        int split = (int)(text.Length * TrainingShare);
        if (context < 1 || split <= context)
        {
            throw new DatasetException(
                $"{name}: the context must be at least 1 and shorter than the training part, {split} characters; got {context}.");
        }

        Rune[] vocabulary = [.. text.Distinct().Order()];
        Dictionary<Rune, long> tokens = vocabulary.Index().ToDictionary(entry => entry.Item, entry => (long)entry.Index);
        long[] all = Array.ConvertAll(text, character => tokens[character]);
        ImmutableArray<string> names = [.. vocabulary.Select(character => character.ToString())];
        Dataset training = Windows(name, all.AsSpan(0, split), context, names);
        return new DatasetPair(
            count is { } wanted ? training.Take(wanted) : training,
            text.Length - split > context ? Windows($"{name} (test)", all.AsSpan(split), context, names) : null,
            null);
    }

    private static Dataset Windows(string name, ReadOnlySpan<long> text, int context, ImmutableArray<string> vocabulary)
    {
        int samples = (text.Length - 1) / context;
        return new Dataset(
            name,
            HostTensor.From(text[..(samples * context)], samples, context),
            HostTensor.From(text.Slice(1, samples * context), samples, context),
            vocabulary.Length,
            vocabulary);
    }

    private static string Read(string name, string path)
    {
        try
        {
            return new FileInfo(path).Length <= LargestFile
                ? new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path))
                : throw new DatasetException($"{name}: a text may have up to {LargestFile >> 20} MiB.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DatasetException($"{name}: {e.Message}");
        }
    }
}
