using System.Buffers.Binary;
using OpposingSignals.Datasets;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class MnistTests
{
    [FactWithFiles("data/mnist/train-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz")]
    public void TheRealDigitsHaveTheirKnownStatistics()
    {
        DatasetPair pair = Mnist.Load(MnistKind.Digits, Path.Combine(Repository.Shared, "data/mnist"), count: 1000);
        Assert.Equal("mnist:1000", pair.Training.Name);
        Assert.Equal([1000, 1, 28, 28], pair.Training.Inputs.Shape.ToArray());
        Assert.Equal(10_000, pair.Test!.Count);
        Assert.Equal([5L, 0, 4, 1, 9, 2, 1, 3], pair.Training.Targets.AsSpan<long>()[..8].ToArray());
        Assert.Equal([7L, 2, 1, 0, 4], pair.Test.Targets.AsSpan<long>()[..5].ToArray());

        // Over all 60,000 pictures, as commonly quoted.
        Assert.Equal(0.1307, pair.Normalization!.Mean[0], 5e-5);
        Assert.Equal(0.3081, pair.Normalization.Deviation[0], 5e-5);
    }

    [FactWithFiles("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")]
    public void TheRealClothesAreFoundWhereTheirPackagePutsThem()
    {
        DatasetPair pair = DatasetCatalog.Load("fashion-mnist:100", normalization: NormalizationScheme.Pixel);
        Assert.Equal(100, pair.Training.Count);
        Assert.Equal("ankle boot", pair.Training.ClassNames[(int)pair.Training.Targets.AsSpan<long>()[0]]);
        Assert.Equal(0.2860, pair.Normalization!.Mean.Average(), 5e-5);
    }

    [Fact]
    public void FilesThatDoNotBelongTogetherAreRefused()
    {
        using var folder = new TemporaryFolder();
        Write(folder, "", training: 4, test: 2);
        DatasetPair pair = Mnist.Load(MnistKind.Digits, folder.Path);
        Assert.Equal(4, pair.Training.Count);
        Assert.Contains(
            "1 to 4", Message(() => Mnist.Load(MnistKind.Digits, folder.Path, 5)), StringComparison.Ordinal);
        Assert.Contains(
            "1 to 4", Message(() => Mnist.Load(MnistKind.Digits, folder.Path, 0)), StringComparison.Ordinal);

        folder.Write(Mnist.FileNames[1], Idx([4], i => (byte)(8 + i)));
        Assert.Contains("sample 2 has label 10",
            Message(() => Mnist.Load(MnistKind.Digits, folder.Path)), StringComparison.Ordinal);
        folder.Write(Mnist.FileNames[1], Idx([3], _ => 0));
        Assert.Contains(
            "[3] of the labels", Message(() => Mnist.Load(MnistKind.Digits, folder.Path)), StringComparison.Ordinal);
        folder.Write(Mnist.FileNames[0], Idx([3, 28, 27], _ => 0));
        Assert.Contains(
            "[3, 28, 27]", Message(() => Mnist.Load(MnistKind.Digits, folder.Path)), StringComparison.Ordinal);
        File.Delete(folder[Mnist.FileNames[0]]);
        Assert.Contains(
            "no such file", Message(() => Mnist.Load(MnistKind.Digits, folder.Path)), StringComparison.Ordinal);
    }

    /// <summary>Writes small files in MNIST's form below a folder.</summary>
    internal static void Write(TemporaryFolder folder, string under, int training, int test)
    {
        folder.Write(Path.Combine(under, Mnist.FileNames[0]), Idx([training, 28, 28], i => (byte)(i * 7)));
        folder.Write(Path.Combine(under, Mnist.FileNames[1]), Idx([training], i => (byte)(i % 10)));
        folder.Write(Path.Combine(under, Mnist.FileNames[2] + ".gz"), IdxFileTests.Compress(
            Idx([test, 28, 28], i => (byte)(i * 5))));
        folder.Write(Path.Combine(under, Mnist.FileNames[3]), Idx([test], i => (byte)(i % 10)));
    }

    private static byte[] Idx(int[] shape, Func<int, byte> element)
    {
        byte[] header = new byte[4 + (4 * shape.Length)];
        header[2] = 8;
        header[3] = (byte)shape.Length;
        for (int d = 0; d < shape.Length; d++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * d)), shape[d]);
        }

        return [.. header, .. Enumerable.Range(0, shape.Aggregate((a, b) => a * b)).Select(element)];
    }

    private static string Message(Action action) => Assert.Throws<DatasetException>(action).Message;
}
