using System.Buffers.Binary;
using System.IO.Compression;

namespace OpposingSignals.Tests.Runs.Report;

/// <summary>Encodes small colour images, so that sample reports have something to show.</summary>
internal static class TestPng
{
    /// <summary>A PNG file from size x size x 3 bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int size)
    {
        using var rows = new MemoryStream();
        using (var deflate = new ZLibStream(rows, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int y = 0; y < size; y++)
            {
                deflate.WriteByte(0);
                deflate.Write(pixels.Slice(y * size * 3, size * 3));
            }
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, size);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), size);
        (header[8], header[9]) = (8, 2);
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "IDAT"u8, rows.ToArray());
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static void WriteChunk(Stream png, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        byte[] word = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, data.Length);
        png.Write(word);
        png.Write(name);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(word, ~Checksum(Checksum(uint.MaxValue, name), data));
        png.Write(word);
    }

    private static uint Checksum(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
            }
        }

        return crc;
    }
}
