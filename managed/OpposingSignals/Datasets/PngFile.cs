using System.Buffers.Binary;
using System.IO.Compression;

namespace OpposingSignals.Datasets;

/// <summary>
/// Reads a picture from a PNG file (ISO/IEC 15948): 8 bits a sample, grey, colour or palette, not interlaced. An alpha
/// channel is left out.
/// </summary>
internal static class PngFile
{
    private const int MaximumSide = 4096;

    private static ReadOnlySpan<byte> Signature =>
        [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>The picture; grey ones have one channel.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or is not such a picture.</exception>
    public static ImageSet Read(string path)
    {
        try
        {
            return Decode(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or InvalidDataException or ArgumentException)
        {
            throw new DatasetException(
                $"{path} cannot be read as a PNG picture: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static ImageSet Decode(ReadOnlySpan<byte> file)
    {
        Require(file.StartsWith(Signature), "it does not begin like one.");
        ReadOnlySpan<byte> header = default, palette = default;
        using var compressed = new MemoryStream();
        for (ReadOnlySpan<byte> rest = file[Signature.Length..]; rest.Length >= 12;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            Require(length <= rest.Length - 12, "it is cut short.");
            ReadOnlySpan<byte> type = rest.Slice(4, 4), content = rest.Slice(8, (int)length);
            if (type.SequenceEqual("IHDR"u8))
            {
                header = content;
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = content;
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                compressed.Write(content);
            }

            rest = rest[(12 + (int)length)..];
        }

        Require(header.Length == 13, "its header is missing.");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(header), height = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        Require(
            width is > 0 and <= MaximumSide && height is > 0 and <= MaximumSide, $"it has {width} x {height} pixels.");
        Require(header[8] == 8 && header[12] == 0, "it has other than 8 bits a sample, or is interlaced.");
        int stored = header[9] switch { 0
            or 3 => 1, 2 => 3, 4 => 2, 6 => 4, _ => throw new InvalidDataException("its colour type is unknown.") };
        byte[] samples = Unfiltered(compressed, (int)width * stored, (int)height, stored);
        return new ImageSet((int)width, (int)height, stored >= 3
            || header[9] == 3 ? 3 : 1, Colours(samples, stored, header[9] == 3, palette));
    }

    // Every row begins with the number of its filter, which predicts a sample from those to its left (a), above (b),
    // and above to the left (c).
    private static byte[] Unfiltered(MemoryStream compressed, int rowBytes, int rows, int pixelBytes)
    {
        compressed.Position = 0;
        using var inflated = new ZLibStream(compressed, CompressionMode.Decompress);
        byte[] samples = new byte[rowBytes * rows];
        for (int y = 0; y < rows; y++)
        {
            int filter = inflated.ReadByte();
            Require(filter is >= 0 and <= 4, "its rows are damaged.");
            Span<byte> row = samples.AsSpan(y * rowBytes, rowBytes);
            inflated.ReadExactly(row);
            for (int x = 0; x < rowBytes; x++)
            {
                int a = x < pixelBytes ? 0 : row[x - pixelBytes];
                int b = y == 0 ? 0 : samples[((y - 1) * rowBytes) + x];
                int c = x < pixelBytes || y == 0 ? 0 : samples[((y - 1) * rowBytes) + x - pixelBytes];
                row[x] += (byte)(filter switch { 0 => 0, 1 => a, 2 => b, 3 => (a + b) / 2, _ => Nearest(a, b, c) });
            }
        }

        return samples;
    }

    private static int Nearest(int a, int b, int c)
    {
        int p = a + b - c, fromA = Math.Abs(p - a), fromB = Math.Abs(p - b), fromC = Math.Abs(p - c);
        return fromA <= fromB && fromA <= fromC ? a : fromB <= fromC ? b : c;
    }

    private static byte[] Colours(byte[] samples, int stored, bool indexed, ReadOnlySpan<byte> palette)
    {
        if (!indexed && stored is (1 or 3))
        {
            return samples;
        }

        int channels = indexed || stored == 4 ? 3 : 1;
        byte[] colours = new byte[samples.Length / stored * channels];
        for (int pixel = 0; pixel < samples.Length / stored; pixel++)
        {
            ReadOnlySpan<byte> from = samples.AsSpan(pixel * stored, channels == 3 && !indexed ? 3 : 1);
            if (indexed)
            {
                Require((3 * from[0]) + 3 <= palette.Length, "a pixel's colour is not in its palette.");
                from = palette.Slice(3 * from[0], 3);
            }

            from.CopyTo(colours.AsSpan(pixel * channels));
        }

        return colours;
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new InvalidDataException(message);
        }
    }
}
