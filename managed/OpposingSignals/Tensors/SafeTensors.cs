using System.Buffers;
using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text.Json;
using OpposingSignals.Runs;

namespace OpposingSignals.Tensors;

/// <summary>Reads and writes safetensors files (github.com/huggingface/safetensors).</summary>
/// <remarks>
/// A file is the header's length (8 bytes, little-endian), the header (a JSON object: name to <c>dtype</c>,
/// <c>shape</c>, <c>data_offsets</c>; and an optional <c>__metadata__</c> map of strings), and the elements,
/// little-endian and row-major, without gaps. Files are treated as hostile: whatever they hold, reading ends in tensors
/// or in one exception, and allocates no more than a small multiple of the file's length.
/// </remarks>
public static class SafeTensors
{
    private const int LengthBytes = 8;

    // The limit of the reference implementation.
    private const long MaximumHeaderLength = 100_000_000;

    /// <summary>Reads every tensor of a file; <c>F16</c> and <c>BF16</c> come out as Float32.</summary>
    /// <exception cref="SafeTensorsException">The file cannot be opened or is not a valid safetensors file.</exception>
    public static SafeTensorsFile Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            SafeTensorsHeader header = ReadHeader(stream);
            var tensors = new OrderedDictionary<string, HostTensor>(header.Entries.Count);
            foreach (SafeTensorsHeader.Entry entry in header.Entries)
            {
                var tensor = new HostTensor(entry.Encoding.Type, entry.Shape);
                ReadElements(stream, entry.Encoding, tensor);
                tensors.Add(entry.Name, tensor);
            }

            return new SafeTensorsFile(tensors, header.Metadata);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new SafeTensorsException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Writes tensors to a file through <see cref="AtomicFile"/>.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="tensors">
    /// Names and tensors. They are laid out by decreasing element size and otherwise in this order, which aligns every
    /// tensor to its element size.
    /// </param>
    /// <param name="metadata">Strings for the <c>__metadata__</c> map.</param>
    /// <exception cref="ArgumentException">Two tensors share a name, or one is called <c>__metadata__</c>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(
        string path,
        IEnumerable<KeyValuePair<string, HostTensor>> tensors,
        IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        KeyValuePair<string, HostTensor>[] ordered = [.. tensors.OrderByDescending(t => t.Value.Type.Size())];
        byte[] header = FormatHeader(ordered, metadata ?? []);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[LengthBytes];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach ((_, HostTensor tensor) in ordered)
            {
                stream.Write(tensor.Bytes);
            }
        });
    }

    private static SafeTensorsHeader ReadHeader(FileStream stream)
    {
        if (!stream.CanSeek)
        {
            throw new FormatException("not a regular file");
        }

        if (stream.Length < LengthBytes)
        {
            throw new FormatException($"{stream.Length} bytes are too few for a safetensors file");
        }

        Span<byte> bytes = stackalloc byte[LengthBytes];
        stream.ReadExactly(bytes);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ulong available = (ulong)(stream.Length - LengthBytes);
        if (length > available)
        {
            throw new FormatException(
                $"the header claims {length} bytes and the file has {available} left: it is cut short or not a safetensors file");
        }

        if (length > MaximumHeaderLength)
        {
            throw new FormatException($"the header claims {length} bytes; {MaximumHeaderLength} are allowed");
        }

        byte[] json = new byte[length];
        stream.ReadExactly(json);
        return SafeTensorsHeader.Parse(json, (long)(available - length));
    }

    private static void ReadElements(FileStream stream, SafeTensorsEncoding encoding, HostTensor tensor)
    {
        if (encoding.StoredSize == tensor.Type.Size())
        {
            stream.ReadExactly(tensor.Bytes);
            return;
        }

        Span<float> values = tensor.AsSpan<float>();
        ushort[] halves = new ushort[Math.Min(values.Length, 1 << 16)];
        while (!values.IsEmpty)
        {
            Span<ushort> chunk = halves.AsSpan(0, Math.Min(values.Length, halves.Length));
            stream.ReadExactly(MemoryMarshal.AsBytes(chunk));
            if (encoding == SafeTensorsEncoding.Float16)
            {
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<ushort, Half>(chunk), values);
            }
            else
            {
                for (int i = 0; i < chunk.Length; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)chunk[i] << 16);
                }
            }

            values = values[chunk.Length..];
        }
    }

    private static byte[] FormatHeader(
        KeyValuePair<string, HostTensor>[] tensors, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            HashSet<string> names = [SafeTensorsHeader.MetadataName];
            long offset = 0;
            foreach ((string name, HostTensor tensor) in tensors)
            {
                if (!names.Add(name))
                {
                    throw new ArgumentException($"The name '{name}' is taken.", nameof(tensors));
                }

                json.WriteStartObject(name);
                json.WriteString("dtype", SafeTensorsEncoding.For(tensor.Type).Code);
                json.WriteStartArray("shape");
                foreach (int extent in tensor.Shape)
                {
                    json.WriteNumberValue(extent);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += tensor.Bytes.Length;
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Blanks behind the object align the data section to 8 bytes.
        byte[] header = new byte[(buffer.WrittenCount + LengthBytes - 1) / LengthBytes * LengthBytes];
        header.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        KeyValuePair<string, string>[] entries = [.. metadata];
        if (entries.Length == 0)
        {
            return;
        }

        json.WriteStartObject(SafeTensorsHeader.MetadataName);
        foreach ((string key, string value) in entries)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }
}
