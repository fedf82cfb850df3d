using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// MNIST and Fashion-MNIST: 60,000 training and 10,000 test pictures of 28 x 28 grey pixels in ten classes, as IDX
/// files.
/// </summary>
public static class Mnist
{
    private const int Side = 28;

    private static readonly ImmutableArray<string> Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    private static readonly ImmutableArray<string> Clothes =
    [
        "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ];

    /// <summary>
    /// Names of the files: training pictures and labels, test pictures and labels; each may end in <c>.gz</c>.
    /// </summary>
    public static ImmutableArray<string> FileNames { get; } =
    [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
    ];

    /// <summary>Name of a set: <c>mnist</c> or <c>fashion-mnist</c>.</summary>
    public static string Name(MnistKind kind) => kind == MnistKind.Digits ? "mnist" : "fashion-mnist";

    /// <summary>The classes of a set, by label.</summary>
    public static ImmutableArray<string> ClassNames(MnistKind kind) => kind == MnistKind.Digits ? Digits : Clothes;

    /// <summary>Loads the files of a folder.</summary>
    /// <param name="kind">Which set they are; the files do not tell.</param>
    /// <param name="folder">The folder that holds them.</param>
    /// <param name="count">
    /// Training pictures to keep, from the first; null for all. Statistics are those of all.
    /// </param>
    /// <param name="scheme">How to normalise.</param>
    /// <exception cref="DatasetException">
    /// A file is missing or damaged, a label is wrong, or the count is out of range.
    /// </exception>
    public static DatasetPair Load(
        MnistKind kind, string folder, int? count = null, NormalizationScheme scheme = NormalizationScheme.Channel) =>
        LabelledImages.Pair(
            Name(kind),
            Read(folder, FileNames[0], FileNames[1]),
            Read(folder, FileNames[2], FileNames[3]),
            ClassNames(kind),
            count,
            scheme);

    /// <summary>The path of a file, plain or compressed; null if it is not there.</summary>
    internal static string? Locate(string folder, string file) =>
        Array.Find([Path.Combine(folder, file), Path.Combine(folder, file + ".gz")], File.Exists);

    private static LabelledImages Read(string folder, string imageFile, string labelFile)
    {
        HostTensor images = Read(folder, imageFile);
        HostTensor labels = Read(folder, labelFile);
        if (images.Shape.Length != 3 || images.Shape[1] != Side || images.Shape[2] != Side ||
            labels.Shape.Length != 1 || labels.Count != images.Shape[0])
        {
            throw new DatasetException(
                $"{Path.Combine(folder, imageFile)}: extents [{string.Join(", ", images.Shape)}] and " +
                $"[{string.Join(", ", labels.Shape)}] of the labels; expected [N, {Side}, {Side}] and [N].");
        }

        var widened = new HostTensor(ElementType.Int64, labels.Count);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<byte, long>(labels.Bytes, widened.AsSpan<long>());
        return new LabelledImages(new ImageSet(Side, Side, 1, images.Bytes.ToArray()), widened);
    }

    private static HostTensor Read(string folder, string file) =>
        IdxFile.Read(
            Locate(folder, file) ?? throw new DatasetException($"{Path.Combine(folder, file)}[.gz]: no such file."));
}
