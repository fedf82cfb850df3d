using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OpposingSignals.Runs;

namespace OpposingSignals.Tests.Runs;

public sealed class PngImageTests
{
    [Theory]
    [InlineData(5, 3, 1)]
    [InlineData(4, 7, 3)]
    public void AnIndependentDecoderFindsThePixels(int width, int height, int channels)
    {
        byte[] pixels = new byte[width * height * channels];
        new Random(3).NextBytes(pixels);
        byte[] png = PngImage.Encode(width, height, channels, pixels);

        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        List<(string Type, byte[] Data)> chunks = Chunks(png);
        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Select(chunk => chunk.Type));
        byte[] header = chunks[0].Data;
        Assert.Equal(width, BinaryPrimitives.ReadInt32BigEndian(header));
        Assert.Equal(height, BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4)));
        Assert.Equal([8, (byte)(channels == 1 ? 0 : 2), 0, 0, 0], header[8..]);

        using var rows = new MemoryStream();
        using (var zlib = new ZLibStream(new MemoryStream(chunks[1].Data), CompressionMode.Decompress))
        {
            zlib.CopyTo(rows);
        }

        int stride = width * channels;
        byte[] filtered = rows.ToArray();
        Assert.Equal(height * (stride + 1), filtered.Length);
        for (int y = 0; y < height; y++)
        {
            Assert.Equal(0, filtered[y * (stride + 1)]);
            Assert.Equal(
                pixels[(y * stride)..((y + 1) * stride)], filtered[((y * (stride + 1)) + 1)..((y + 1) * (stride + 1))]);
        }
    }

    [Fact]
    public void TheChecksumIsTheOneOfTheStandard()
    {
        // The IEND chunk is the same in every PNG file.
        byte[] png = PngImage.Encode(1, 1, 1, [0]);
        Assert.Equal([0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82], png[^12..]);
    }

    [Fact]
    public void SizesThatDoNotAgreeAreRefused()
    {
        Assert.Throws<ArgumentException>(() => PngImage.Encode(2, 2, 3, new byte[11]));
        Assert.Throws<ArgumentException>(() => PngImage.Encode(2, 2, 4, new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => PngImage.Encode(0, 2, 1, []));
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] png)
    {
        List<(string, byte[])> chunks = [];
        for (int at = 8; at < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            chunks.Add((Encoding.ASCII.GetString(png, at + 4, 4), png[(at + 8)..(at + 8 + length)]));
            at += length + 12;
        }

        return chunks;
    }
}
