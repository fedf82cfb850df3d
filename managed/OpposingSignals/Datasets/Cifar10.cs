using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// CIFAR-10 (Krizhevsky 2009) in its binary form: 50,000 training and 10,000 test pictures of 32 x 32 x 3 in ten
/// classes. A record is one label byte and the red, green and blue planes; a file has 10,000 records.
/// </summary>
public static class Cifar10
{
    /// <summary>The folder that the official archive unpacks to.</summary>
    public const string FolderName = "cifar-10-batches-bin";

    private const int Side = 32;
    private const int Channels = 3;
    private const int Pixels = Side * Side;
    private const int RecordsPerFile = 10_000;

    /// <summary>The classes, by label.</summary>
    public static ImmutableArray<string> ClassNames { get; } =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>Names of the training files, in order, and of the test file.</summary>
    public static ImmutableArray<string> FileNames { get; } =
    [
        "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
        "test_batch.bin",
    ];

    /// <summary>Loads the files of a folder.</summary>
    /// <param name="folder">The folder that holds them.</param>
    /// <param name="count">
    /// Training pictures to keep, from the first; null for all. Statistics are those of all.
    /// </param>
    /// <param name="scheme">How to normalise.</param>
    /// <exception cref="DatasetException">
    /// A file is missing, has a wrong length or a wrong label, or the count is out of range.
    /// </exception>
    public static DatasetPair Load(
        string folder, int? count = null, NormalizationScheme scheme = NormalizationScheme.Pixel) =>
        Load(folder, count, scheme, RecordsPerFile);

    /// <summary>Loads files of another length, so that tests need not write 180 MB.</summary>
    internal static DatasetPair Load(string folder, int? count, NormalizationScheme scheme, int recordsPerFile)
    {
        string[] paths = [.. FileNames.Select(file => Path.Combine(folder, file))];
        return LabelledImages.Pair(
            "cifar10", Read(paths[..^1], recordsPerFile), Read(paths[^1..], recordsPerFile), ClassNames, count, scheme);
    }

    /// <summary>Reads files one behind the other.</summary>
    internal static LabelledImages Read(string[] paths, int recordsPerFile)
    {
        int records = paths.Length * recordsPerFile;
        byte[] samples = new byte[records * Channels * Pixels];
        var labels = new HostTensor(ElementType.Int64, records);
        byte[] record = new byte[1 + (Channels * Pixels)];
        for (int f = 0; f < paths.Length; f++)
        {
            using FileStream stream = Open(paths[f], (long)recordsPerFile * record.Length);
            for (int r = f * recordsPerFile; r < (f + 1) * recordsPerFile; r++)
            {
                stream.ReadExactly(record);
                labels.AsSpan<long>()[r] = record[0] < ClassNames.Length
                    ? record[0]
                    : throw new DatasetException(
                        $"{paths[f]}: record {r % recordsPerFile} has label {record[0]}; labels are 0 to {ClassNames.Length - 1}.");
                Interleave(record.AsSpan(1), samples.AsSpan(r * Channels * Pixels, Channels * Pixels));
            }
        }

        return new LabelledImages(new ImageSet(Side, Side, Channels, samples), labels);
    }

    private static FileStream Open(string path, long length)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            if (stream.Length == length)
            {
                return stream;
            }

            long found = stream.Length;
            stream.Dispose();
            throw new DatasetException(
                $"{path}: {found} bytes instead of {length}; the file is cut short or not CIFAR-10's.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static void Interleave(ReadOnlySpan<byte> planes, Span<byte> picture)
    {
        for (int p = 0; p < Pixels; p++)
        {
            for (int c = 0; c < Channels; c++)
            {
                picture[(p * Channels) + c] = planes[(c * Pixels) + p];
            }
        }
    }
}
