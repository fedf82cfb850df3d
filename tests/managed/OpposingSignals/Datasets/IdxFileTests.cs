using System.IO.Compression;
using OpposingSignals.Datasets;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class IdxFileTests
{
    private static readonly byte[] Small = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    [Fact]
    public void PlainAndCompressedFilesHoldTheSame()
    {
        using var folder = new TemporaryFolder();
        foreach (string path in new[] { folder.Write("plain", Small), folder.Write("compressed.gz", Compress(Small)) })
        {
            HostTensor tensor = IdxFile.Read(path);
            Assert.Equal([2, 3], tensor.Shape.ToArray());
            Assert.Equal([1, 2, 3, 4, 5, 6], tensor.AsSpan<byte>().ToArray());
        }
    }

    public static TheoryData<byte[], string> Wrong => new()
    {
        { [], "cut short" },
        { [0, 0, 8], "cut short" },
        { "PNG or anything"u8.ToArray(), "not an IDX file" },
        { [0, 0, 8, 0], "not an IDX file" },
        { [0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0], "type 0x0D" },
        { [0, 0, 8, 2, 0, 0, 0, 2], "cut short" },
        { [0, 0, 8, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1], "claims more elements" },
        { [0, 0, 8, 3, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF],
            "claims more elements" },
        { [0, 0, 8, 1, 0, 0, 0, 0], "claims more elements than the file can hold, or none" },
        { Small[..^1], "cut short" },
        { [.. Small, 0], "bytes follow" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WrongContentIsExplainedInOneLine(byte[] content, string expected)
    {
        using var folder = new TemporaryFolder();
        foreach (string path in new[] { folder.Write("plain", content), folder.Write("compressed", Compress(content)) })
        {
            DatasetException e = Assert.Throws<DatasetException>(() => IdxFile.Read(path));
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
            Assert.Contains(expected, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    [Fact]
    public void DamagedFilesGiveATensorOrOneKindOfException()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Compress(Small);
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 1000; round++)
        {
            byte[] bytes = (byte[])(round % 2 == 0 ? whole : Small).Clone();
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            string path = folder.Write("damaged", round % 3 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                IdxFile.Read(path);
            }
            catch (DatasetException)
            {
                refused++;
            }
        }

        // Plain files cannot show a changed element.
        Assert.InRange(refused, 600, 999);
        Assert.Throws<DatasetException>(() => IdxFile.Read(folder["none"]));
    }

    internal static byte[] Compress(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return stream.ToArray();
    }
}
