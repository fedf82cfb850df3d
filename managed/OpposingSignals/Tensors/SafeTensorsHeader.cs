using System.Text.Json;

namespace OpposingSignals.Tensors;

/// <summary>
/// The JSON header of a safetensors file, checked: every entry has a known type, a shape that its bytes fill, and the
/// entries cover the data section without gap or overlap.
/// </summary>
/// <remarks>Faults are thrown as <see cref="FormatException"/>; the reader adds the name of the file.</remarks>
internal sealed class SafeTensorsHeader
{
    /// <summary>Name of the entry that is not a tensor.</summary>
    public const string MetadataName = "__metadata__";

    // A header is an object of objects of arrays; anything deeper is not one.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    private SafeTensorsHeader(List<Entry> entries, Dictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>The tensors, by increasing offset.</summary>
    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>The <c>__metadata__</c> map.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Parses and checks a header.</summary>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes of the file behind the header.</param>
    /// <exception cref="FormatException">The header is wrong; the message says what.</exception>
    public static SafeTensorsHeader Parse(ReadOnlyMemory<byte> json, long dataLength)
    {
        var entries = new List<Entry>();
        Dictionary<string, string> metadata = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            Require(document.RootElement.ValueKind == JsonValueKind.Object, "the header is not a JSON object");
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(MetadataName))
                {
                    metadata = ParseMetadata(property.Value);
                }
                else
                {
                    entries.Add(ParseEntry(property.Name, property.Value));
                }
            }
        }
        catch (JsonException e)
        {
            throw new FormatException($"the header is not valid JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
        catch (InvalidOperationException e)
        {
            // System.Text.Json reports strings that are not Unicode (invalid UTF-8, lone surrogates) this way.
            throw new FormatException("the header holds a string that is not valid Unicode", e);
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        RequireCover(entries, dataLength);
        return new SafeTensorsHeader(entries, metadata);
    }

    private static Dictionary<string, string> ParseMetadata(JsonElement element)
    {
        Require(element.ValueKind == JsonValueKind.Object, $"{MetadataName} is not an object");
        Dictionary<string, string> metadata = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            Require(
                property.Value.ValueKind == JsonValueKind.String,
                $"{MetadataName} entry {Quote(property.Name)} is not a string");
            metadata.Add(property.Name, property.Value.GetString()!);
        }

        return metadata;
    }

    private static Entry ParseEntry(string name, JsonElement element)
    {
        string tensor = $"tensor {Quote(name)}";
        Require(element.ValueKind == JsonValueKind.Object, $"{tensor} is not described by an object");
        Require(
            element.TryGetProperty("dtype", out JsonElement dtype) && dtype.ValueKind == JsonValueKind.String,
            $"{tensor} has no dtype");
        string code = dtype.GetString()!;
        if (SafeTensorsEncoding.Find(code) is not { } encoding)
        {
            throw new FormatException(
                $"{tensor} has dtype {Quote(code)}; supported are {string.Join(", ", SafeTensorsEncoding.All.Select(e => e.Code))}");
        }

        long[] shape = Integers(element, "shape", tensor);
        long[] offsets = Integers(element, "data_offsets", tensor);
        Require(offsets.Length == 2, $"{tensor} has {offsets.Length} data_offsets instead of 2");
        Require(0 <= offsets[0] && offsets[0] <= offsets[1], $"{tensor} has data_offsets [{offsets[0]}, {offsets[1]}]");

        string extents = $"[{string.Join(", ", shape.Take(16))}{(shape.Length > 16 ? ", ..." : "")}]";
        Require(Array.TrueForAll(shape, extent => extent is >= 0 and <= int.MaxValue), $"{tensor} has shape {extents}");
        long elements = 1;
        foreach (long extent in shape)
        {
            // Both factors are below 2^31, so the product cannot overflow before it is seen to be too large.
            elements *= extent;
            Require(
                elements <= Array.MaxLength / encoding.Type.Size(),
                $"{tensor} of shape {extents} does not fit in memory as one array");
        }

        Require(
            offsets[1] - offsets[0] == elements * encoding.StoredSize,
            $"{tensor} of shape {extents} and type {code} takes {elements * encoding.StoredSize} bytes, but its " +
            $"data_offsets span {offsets[1] - offsets[0]}");
        return new Entry(name, encoding, Array.ConvertAll(shape, extent => (int)extent), offsets[0], offsets[1]);
    }

    private static long[] Integers(JsonElement element, string property, string tensor)
    {
        Require(
            element.TryGetProperty(property, out JsonElement array) && array.ValueKind == JsonValueKind.Array,
            $"{tensor} has no {property}");
        long[] values = new long[array.GetArrayLength()];
        int i = 0;
        foreach (JsonElement item in array.EnumerateArray())
        {
            Require(
                item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out values[i++]),
                $"{tensor} has something other than 64-bit integers in its {property}");
        }

        return values;
    }

    private static void RequireCover(List<Entry> entries, long dataLength)
    {
        long end = 0;
        foreach (Entry entry in entries)
        {
            Require(
                entry.End <= dataLength,
                $"tensor {Quote(entry.Name)} ends at byte {entry.End} of a data section of {dataLength}: the file is cut short");
            Require(entry.Begin >= end, $"tensor {Quote(entry.Name)} overlaps the one before it at byte {entry.Begin}");
            Require(entry.Begin == end, $"bytes {end} to {entry.Begin} of the data section belong to no tensor");
            end = entry.End;
        }

        Require(end == dataLength, $"bytes {end} to {dataLength} of the data section belong to no tensor");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new FormatException(message);
        }
    }

    /// <summary>
    /// A name from the file in quotes, with control characters escaped and a length that fits in a message.
    /// </summary>
    private static string Quote(string name) =>
        $"'{JsonEncodedText.Encode(name.Length > 80 ? name[..80] + "..." : name)}'";

    /// <summary>One tensor of the file.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Encoding">Its type in the file.</param>
    /// <param name="Shape">Its extents.</param>
    /// <param name="Begin">First byte, counted from the end of the header.</param>
    /// <param name="End">One past the last byte.</param>
    internal sealed record Entry(string Name, SafeTensorsEncoding Encoding, int[] Shape, long Begin, long End);
}
