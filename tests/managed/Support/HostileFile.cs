using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support;

/// <summary>Input files, whole and damaged.</summary>
internal static class HostileFile
{
    /// <summary>Vectors of four numbers with one target.</summary>
    public static void Arrays(string path, int samples, int testSamples)
    {
        List<KeyValuePair<string, HostTensor>> tensors =
        [
            new("inputs", new HostTensor(ElementType.Float32, samples, 4)),
            new("targets", new HostTensor(ElementType.Float32, samples, 1)),
            new("test_inputs", new HostTensor(ElementType.Float32, testSamples, 4)),
            new("test_targets", new HostTensor(ElementType.Float32, testSamples, 1)),
        ];
        SafeTensors.Write(path, tensors);
    }

    /// <summary>A safetensors file with any header, and any number of zeros behind it.</summary>
    public static byte[] SafeTensorsBytes(string header, int dataLength, ulong? claimedLength = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimedLength ?? (ulong)json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    /// <summary>An IDX file of zeros, compressed.</summary>
    public static byte[] Idx(byte type, params int[] extents)
    {
        byte[] content =
            new byte[4 + (4 * extents.Length) + extents.Aggregate(1, (product, extent) => product * extent)];
        (content[2], content[3]) = (type, (byte)extents.Length);
        for (int i = 0; i < extents.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(4 + (4 * i)), extents[i]);
        }

        return Compressed(content);
    }

    /// <summary>Bytes through gzip.</summary>
    public static byte[] Compressed(byte[] content)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }
}
