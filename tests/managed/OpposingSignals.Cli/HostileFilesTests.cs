using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>Whatever an input file holds, it gives one line that names it, status 2, and no folder.</summary>
public sealed class HostileFilesTests : IDisposable
{
    private const string Entry = "{\"inputs\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, byte[]> Headers => new()
    {
        { "shorter than its length field", [1, 2, 3] },
        { "length beyond the file", HostileFile.SafeTensorsBytes("{}", 0, claimedLength: 1000) },
        { "length that overflows", HostileFile.SafeTensorsBytes("{}", 0, claimedLength: ulong.MaxValue) },
        { "no JSON", HostileFile.SafeTensorsBytes("{\"inputs\":", 0) },
        { "overlap", HostileFile.SafeTensorsBytes(
            Entry + ",\"targets\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]}}", 16) },
        { "data cut short", HostileFile.SafeTensorsBytes(Entry + "}", 8) },
        { "extents that overflow", HostileFile.SafeTensorsBytes(
            "{\"inputs\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0) },
        { "more elements than memory", HostileFile.SafeTensorsBytes(
            "{\"inputs\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,16]}}", 16) },
        { "unknown type", HostileFile.SafeTensorsBytes(
            "{\"inputs\":{\"dtype\":\"C64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 16) },
        { "integers", HostileFile.SafeTensorsBytes(
            "{\"inputs\":{\"dtype\":\"I32\",\"shape\":[2,1],\"data_offsets\":[0,8]}," +
            "\"targets\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[8,24]}}", 24) },
        { "no targets", HostileFile.SafeTensorsBytes(Entry + "}", 16) },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Headers))]
    public void DamagedArraysAreRefusedAsDataAndAsWeights(string damage, byte[] content)
    {
        Assert.NotEmpty(damage);
        string file = _folder.Write("input.safetensors", content);
        Assert.Contains(file, Train($"arrays:{file}").OneLine(2), StringComparison.Ordinal);
        Assert.Contains(file, Train("planted:50", "--weights", file).OneLine(2), StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("0.weight", "F32", 8, "no tensor '1.weight'")]
    [InlineData("1.weight", "F32", 8, "shape")]
    [InlineData("1.weight", "I32", 768, "floating-point")]
    [InlineData("1.weight", "NaN", 768, "not finite")]
    public void WeightsThatDoNotFitTheModelAreRefused(string name, string type, int width, string expected)
    {
        string file = _folder["weights.safetensors"];
        var weight = new HostTensor(type == "I32" ? ElementType.Int32 : ElementType.Float32, 10, width);
        if (type == "NaN")
        {
            weight.AsSpan<float>()[5] = float.NaN;
        }

        SafeTensors.Write(file, [new(name, weight), new("1.bias", new HostTensor(ElementType.Float32, 10))]);
        string line = Train("planted:50", "--weights", file).OneLine(2);
        Assert.Contains(file, line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsWithATensorTooManyAreRefused()
    {
        string file = _folder["weights.safetensors"];
        SafeTensors.Write(file,
        [
            new("1.weight", new HostTensor(ElementType.Float32, 10, 768)),
            new("1.bias", new HostTensor(ElementType.Float32, 10)),
            new("3.weight", new HostTensor(ElementType.Float32, 10, 10)),
        ]);
        Assert.Contains("'3.weight'", Train("planted:50", "--weights", file).OneLine(2), StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedPicturesAreRefused()
    {
        byte[] images = HostileFile.Idx(8, 60, 28, 28);
        byte[] labels = HostileFile.Idx(8, 60);
        byte[] highLabels = HostileFile.Compressed([0, 0, 8, 1, 0, 0, 0, 60, .. Enumerable.Repeat((byte)10, 60)]);
        (string Message, byte[] Images, byte[] Labels)[] cases =
        [
            ("cut short", images[..(images.Length / 2)], labels),
            ("cut short", images, []),
            ("not an IDX file", HostileFile.Compressed([1, 2, 8, 3, 0, 0, 0, 0]), labels),
            ("0x0D", HostileFile.Idx(0x0D, 60, 28, 28), labels),
            ("expected [N, 28, 28]", HostileFile.Idx(8, 60, 27, 28), labels),
            ("of the labels", images, HostileFile.Idx(8, 59)),
            ("label 10", images, highLabels),
            ("train-images", [0x1F, 0x8B, 1, 2, 3], labels),
        ];
        foreach ((string message, byte[] imageFile, byte[] labelFile) in cases)
        {
            foreach (string set in (string[])["train", "t10k"])
            {
                _folder.Write($"mnist/{set}-images-idx3-ubyte.gz", imageFile);
                _folder.Write($"mnist/{set}-labels-idx1-ubyte.gz", labelFile);
            }

            string line = Train("mnist:20", "--data-dir", _folder.Path).OneLine(2);
            Assert.Contains(message, line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ACifarFileOfAnotherLengthIsRefused()
    {
        foreach (int i in Enumerable.Range(1, 5))
        {
            _folder.Write($"cifar-10-batches-bin/data_batch_{i}.bin", new byte[3073]);
        }

        _folder.Write("cifar-10-batches-bin/test_batch.bin", []);
        string line = Train("cifar10:10", "--data-dir", _folder.Path).OneLine(2);
        Assert.Contains("3073 bytes", line, StringComparison.Ordinal);
    }

    private CommandResult Train(string data, params string[] more)
    {
        CommandResult result = CommandLine.Run(
        [
            "train", "--model", "linear", "--data", data, "--loss", "mse", "--lr", "0.1", "--steps", "2", "--threads",
            "1",
            "--out", _folder["run"], .. more,
        ]);
        Assert.False(Directory.Exists(_folder["run"]));
        return result;
    }
}
