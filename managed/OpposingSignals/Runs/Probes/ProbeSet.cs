using System.Collections.Immutable;
using System.Globalization;
using OpposingSignals.Datasets;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs.Probes;

/// <summary>
/// Inputs that are not data, put through the network at every step: constant colours, pictures, arrays.
/// </summary>
/// <param name="Names">A name each.</param>
/// <param name="Inputs">[K, ...] in the shape of the data's inputs.</param>
/// <param name="Images">The pictures that they were made of; null for arrays.</param>
public sealed record ProbeSet(ImmutableArray<string> Names, HostTensor Inputs, ImageSet? Images)
{
    /// <summary>What <see cref="Parse"/> knows.</summary>
    public const string Forms =
        "sky, red, green, #RRGGBB, FILE.png, or FILE.safetensors (tensor `inputs`, used as it is)";

    // Those of matekrk/edge-of-stability, create_uniform_image; the values of Rosenfeld and Risteski (arXiv 2311.04163,
    // figure 5) are not published.
    private static readonly Dictionary<string, (byte Red, byte Green, byte Blue)> Colours = new()
    {
        ["sky"] = (123, 191, 232),
        ["red"] = (253, 0, 3),
        ["green"] = (11, 241, 4),
    };

    /// <summary>
    /// The probes of a list with commas; pictures are normalised with the statistics of the training data.
    /// </summary>
    /// <exception cref="InputException">An entry is none of <see cref="Forms"/>, or does not fit the data.</exception>
    public static ProbeSet Parse(string list, DatasetPair data)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(data);
        string[] entries = list.Split(',');
        return entries.All(entry => entry.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            ? Arrays(entries, data.Training)
            : Pictures(entries, data);
    }

    private static ProbeSet Pictures(string[] entries, DatasetPair data)
    {
        if (data.Training.Images is not { } images || data.Normalization is not { } normalization)
        {
            throw new InputException($"Colours and pictures are no probes for {data.Training.Name}, whose samples are not pictures. Forms: {Forms}.");
        }

        byte[] pixels = [.. entries.SelectMany(entry => Picture(entry, images))];
        var probes = new ImageSet(images.Width, images.Height, images.Channels, pixels);
        return new ProbeSet(NamesOf(entries), normalization.Apply(probes), probes);
    }

    private static byte[] Picture(string entry, ImageSet like)
    {
        if (entry.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
        {
            ImageSet picture = PngFile.Read(entry);
            return (picture.Width, picture.Height, picture.Channels) == (like.Width, like.Height, like.Channels)
                ? picture[0].ToArray()
                : throw new InputException(
                    $"{entry} has {picture.Width} x {picture.Height} pixels of {picture.Channels} channels; the data have {like.Width} x {like.Height} of {like.Channels}.");
        }

        (byte red, byte green, byte blue) = Colour(entry);

        // Luma of ITU-R BT.601, as in most tools that make pictures grey.
        byte[] colour = like.Channels == 3 ? [red, green, blue]
            : [(byte)Math.Round((0.299 * red) + (0.587 * green) + (0.114 * blue))];
        return [.. Enumerable.Range(0, like.Width * like.Height).SelectMany(_ => colour)];
    }

    private static (byte Red, byte Green, byte Blue) Colour(string entry)
    {
        if (Colours.TryGetValue(entry, out var named))
        {
            return named;
        }

        return entry is ['#', .. { Length: 6 } digits]
            && uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
                ? ((byte)(value >> 16), (byte)(value >> 8), (byte)value)
                : throw new InputException($"'{entry}' is not a probe. Forms: {Forms}.");
    }

    private static ProbeSet Arrays(string[] files, Dataset data)
    {
        var names = ImmutableArray.CreateBuilder<string>();
        var values = new List<double>();
        foreach (string file in files)
        {
            HostTensor inputs = SafeTensors.Read(file).Tensors.GetValueOrDefault("inputs")
                ?? throw new InputException($"{file} has no tensor 'inputs'.");
            if (!inputs.Shape.Skip(1).SequenceEqual(data.Inputs.Shape.Skip(1))
                || data.IsTokens || inputs.Type == ElementType.Int64)
            {
                throw new InputException(
                    $"'inputs' of {file} are {inputs.Type} [{string.Join(", ", inputs.Shape)}]; probes of {data.Name} are numbers " +
                    $"[K, {string.Join(", ", data.Inputs.Shape.Skip(1))}].");
            }

            double[] numbers = inputs.ToDoubles();
            if (inputs.Shape[0] == 0 || !numbers.All(double.IsFinite))
            {
                throw new InputException($"'inputs' of {file} are empty or not finite.");
            }

            values.AddRange(numbers);
            names.AddRange(
                Enumerable.Range(0, inputs.Shape[0]).Select(i => $"{Path.GetFileNameWithoutExtension(file)}[{i}]"));
        }

        return new ProbeSet(
            NamesOf([.. names]), HostTensor.From<double>([.. values], [names.Count, .. data.Inputs.Shape[1..]]), null);
    }

    // Columns are called after probes: distinct, and without what separates columns.
    private static ImmutableArray<string> NamesOf(string[] entries)
    {
        var names = new List<string>();
        foreach (string entry in entries)
        {
            string name = Path.GetFileName(entry).Replace('"', '_').Replace('.', '_');
            names.Add(names.Contains(name) ? $"{name}({names.Count + 1})" : name);
        }

        return [.. names];
    }
}
