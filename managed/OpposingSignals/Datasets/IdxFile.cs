using System.Buffers.Binary;
using System.IO.Compression;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// Reads IDX files, the form of MNIST and its kin: two zero bytes, a type code, the number of dimensions, the extents
/// (32 bits each, big-endian), and the elements in row-major order; plain or compressed by gzip.
/// </summary>
public static class IdxFile
{
    private const byte UnsignedByte = 0x08;

    // DEFLATE cannot expand a byte to more than this (258 bytes for two bits), so a file cannot claim more memory than
    // that.
    private const long MaximumExpansion = 1032;

    /// <summary>Reads a file of unsigned bytes, the only element type that the data sets here use.</summary>
    /// <exception cref="DatasetException">
    /// The file cannot be opened, or its content is not what its header claims.
    /// </exception>
    public static HostTensor Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream file = File.OpenRead(path);
            bool compressed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            if (!compressed)
            {
                return Read(file, file.Length);
            }

            using var stream = new GZipStream(file, CompressionMode.Decompress);
            return Read(stream, file.Length * MaximumExpansion);
        }
        catch (EndOfStreamException e)
        {
            throw new DatasetException($"{path}: the file is cut short.", e);
        }
        catch (Exception e) when (e is FormatException or InvalidDataException
            or IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static HostTensor Read(Stream stream, long maximumLength)
    {
        Span<byte> bytes = stackalloc byte[4];
        stream.ReadExactly(bytes);
        if (bytes[0] != 0 || bytes[1] != 0 || bytes[3] == 0)
        {
            throw new FormatException("not an IDX file.");
        }

        if (bytes[2] != UnsignedByte)
        {
            throw new FormatException($"elements are of type 0x{bytes[2]:X2}; only unsigned bytes (0x08) are read.");
        }

        int[] shape = new int[bytes[3]];
        long elements = 1;
        foreach (ref int extent in shape.AsSpan())
        {
            stream.ReadExactly(bytes);
            extent = BinaryPrimitives.ReadInt32BigEndian(bytes);
            if (extent <= 0 || (elements *= extent) > Math.Min(maximumLength, Array.MaxLength))
            {
                throw new FormatException(
                    "the header claims more elements than the file can hold, or none: it is cut short or damaged.");
            }
        }

        var tensor = new HostTensor(ElementType.UInt8, shape);
        stream.ReadExactly(tensor.Bytes);

        // The end of a compressed stream must be reached for its checksum to be compared.
        return stream.ReadByte() < 0 ? tensor : throw new FormatException("bytes follow the last element.");
    }
}
