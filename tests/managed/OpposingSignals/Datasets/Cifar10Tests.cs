using System.Diagnostics;
using System.Security.Cryptography;
using OpposingSignals.Datasets;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class Cifar10Tests
{
    private const int Records = 4;
    private const string RealBatch = "data/cifar10/data_batch_1.bin.xz";

    [Fact]
    public void PlanesBecomePicturesAndInputsInTheirOrders()
    {
        using var folder = new TemporaryFolder();
        byte[][] files = Write(folder);
        DatasetPair pair = Cifar10.Load(folder.Path, null, NormalizationScheme.None, Records);

        Assert.Equal("cifar10", pair.Training.Name);
        Assert.Equal([5 * Records, 3, 32, 32], pair.Training.Inputs.Shape.ToArray());
        Assert.Equal(Records, pair.Test!.Count);
        byte[] record = files[1][(2 * 3073)..(3 * 3073)];
        int sample = Records + 2;
        Assert.Equal(record[0], pair.Training.Targets.AsSpan<long>()[sample]);
        for (int p = 0; p < 3072; p++)
        {
            Assert.Equal(record[1 + p], pair.Training.Inputs.AsSpan<float>()[(sample * 3072) + p]);
        }

        // Row 3, column 5: the three planes side by side.
        int at = (3 * 32) + 5;
        Assert.Equal([record[1 + at], record[1025 + at], record[2049 + at]],
            pair.Training.Images![sample].Slice(3 * at, 3).ToArray());
    }

    [Fact]
    public void ASubsetIsNormalisedWithTheStatisticsOfAll()
    {
        using var folder = new TemporaryFolder();
        Write(folder);
        DatasetPair all = Cifar10.Load(folder.Path, null, NormalizationScheme.Pixel, Records);
        DatasetPair few = Cifar10.Load(folder.Path, 3, NormalizationScheme.Pixel, Records);
        Assert.Equal("cifar10:3", few.Training.Name);
        Assert.True(all.Training.Take(3).Inputs.Bytes.SequenceEqual(few.Training.Inputs.Bytes));
        Assert.True(all.Test!.Inputs.Bytes.SequenceEqual(few.Test!.Inputs.Bytes));
        Assert.Equal(3, few.Training.Images!.Count);
    }

    [Fact]
    public void WrongFilesAreNamed()
    {
        using var folder = new TemporaryFolder();
        byte[][] files = Write(folder);
        string path = folder[Cifar10.FileNames[3]];
        Assert.Contains("instead of 30730000", Message(() => Cifar10.Load(folder.Path)), StringComparison.Ordinal);

        File.WriteAllBytes(path, files[3][..^1]);
        Assert.StartsWith(path, Message(() => Load(folder)), StringComparison.Ordinal);
        files[3][3073] = 10;
        File.WriteAllBytes(path, files[3]);
        Assert.Contains($"{path}: record 1 has label 10", Message(() => Load(folder)), StringComparison.Ordinal);
        File.Delete(path);
        Assert.StartsWith(path, Message(() => Load(folder)), StringComparison.Ordinal);
    }

    [FactWithFiles(RealBatch, "/usr/bin/xz")]
    public void ARealBatchIsRead()
    {
        using var folder = new TemporaryFolder();
        string path = folder["data_batch_1.bin"];
        using (var xz = Process.Start(
            new ProcessStartInfo("/usr/bin/xz", ["-dc", Path.Combine(Repository.Shared, RealBatch)])
        {
            RedirectStandardOutput = true,
        })!)
        using (FileStream file = File.Create(path))
        {
            xz.StandardOutput.BaseStream.CopyTo(file);
        }

        using (FileStream file = File.OpenRead(path))
        {
            Assert.Equal("AADD24ACCE27CAA71BF4B10992E9E7B2D74C2540", Convert.ToHexString(SHA1.HashData(file)));
        }

        LabelledImages batch = Cifar10.Read([path], 10_000);
        Assert.Equal(10_000, batch.Images.Count);

        // The first picture is the well-known frog; then two trucks, a deer and a car.
        Assert.Equal(
            ["frog", "truck", "truck", "deer", "automobile"],
            batch.Labels.AsSpan<long>()[..5].ToArray().Select(label => Cifar10.ClassNames[(int)label]));
        Assert.Equal([59, 62, 63], batch.Images[0][..3].ToArray());
    }

    private static DatasetPair Load(TemporaryFolder folder) =>
        Cifar10.Load(folder.Path, null, NormalizationScheme.Unit, Records);

    private static byte[][] Write(TemporaryFolder folder)
    {
        var random = new Random(9);
        byte[][] files = new byte[Cifar10.FileNames.Length][];
        for (int f = 0; f < files.Length; f++)
        {
            files[f] = new byte[Records * 3073];
            random.NextBytes(files[f]);
            for (int r = 0; r < Records; r++)
            {
                files[f][r * 3073] = (byte)random.Next(10);
            }

            folder.Write(Cifar10.FileNames[f], files[f]);
        }

        return files;
    }

    private static string Message(Action action) => Assert.Throws<DatasetException>(action).Message;
}
