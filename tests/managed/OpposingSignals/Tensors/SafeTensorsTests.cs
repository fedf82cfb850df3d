using System.Buffers.Binary;
using System.Text;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Tensors;

public sealed class SafeTensorsTests
{
    [Fact]
    public void TensorsOfEveryTypeComeBackAsTheyWere()
    {
        using var folder = new TemporaryFolder();
        string path = folder["all.safetensors"];
        Dictionary<string, HostTensor> tensors = Some();
        SafeTensors.Write(path, tensors, [new("step", "17"), new("ünï\n\"code\"", "λ")]);

        SafeTensorsFile file = SafeTensors.Read(path);

        // Laid out by decreasing element size, otherwise in the order given.
        Assert.Equal(["f64", "i64", "empty", "f32", "i32", "scalar", "u8"], file.Tensors.Keys);
        foreach ((string name, HostTensor expected) in tensors)
        {
            HostTensor actual = file.Tensors[name];
            Assert.Equal(expected.Type, actual.Type);
            Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
            Assert.True(expected.Bytes.SequenceEqual(actual.Bytes), name);
        }

        Assert.Equal("17", file.Metadata["step"]);
        Assert.Equal("λ", file.Metadata["ünï\n\"code\""]);
        Assert.Equal(2, file.Metadata.Count);
    }

    [Fact]
    public void EveryTensorIsAlignedInTheFile()
    {
        using var folder = new TemporaryFolder();
        string path = folder["aligned.safetensors"];
        SafeTensors.Write(
            path, [new("bytes", new HostTensor(ElementType.UInt8, 3)), new("x", HostTensor.From([1.5], 1))]);
        byte[] bytes = File.ReadAllBytes(path);
        long header = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, header % 8);
        Assert.Equal(1.5, BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(8 + (int)header)));
    }

    [Fact]
    public void HalvesAreWidened()
    {
        using var folder = new TemporaryFolder();
        byte[] data = new byte[12];
        float[] values = [1, -2.5f, float.PositiveInfinity];
        for (int i = 0; i < 3; i++)
        {
            BinaryPrimitives.WriteHalfLittleEndian(data.AsSpan(2 * i), (Half)values[i]);
            BinaryPrimitives.WriteUInt16LittleEndian(
                data.AsSpan(6 + (2 * i)), (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16));
        }

        string path = folder.Write("halves.safetensors", Format(
            """{"b":{"dtype":"BF16","shape":[3],"data_offsets":[6,12]},"h":{"dtype":"F16","shape":[3,1],"data_offsets":[0,6]}}""",
            data));
        SafeTensorsFile file = SafeTensors.Read(path);
        Assert.Equal(["h", "b"], file.Tensors.Keys);
        Assert.Equal([3, 1], file.Tensors["h"].Shape.ToArray());
        Assert.Equal(values, file.Tensors["h"].AsSpan<float>().ToArray());
        Assert.Equal(values, file.Tensors["b"].AsSpan<float>().ToArray());
    }

    public static TheoryData<string, int, string> WrongHeaders => new()
    {
        { "[]", 0, "not a JSON object" },
        { "", 0, "not valid JSON" },
        { "{\"x\":", 0, "not valid JSON" },
        { """{"x":[[[[[[[[]]]]]]]]}""", 0, "not valid JSON" },
        { """{"\ud800":{}}""", 0, "not valid Unicode" },
        { """{"x":3}""", 0, "'x' is not described by an object" },
        { """{"x":{"shape":[1],"data_offsets":[0,4]}}""", 4, "'x' has no dtype" },
        { """{"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}""", 1, "'F8_E4M3'; supported are F32, F64" },
        { """{"x":{"dtype":"F32","data_offsets":[0,4]}}""", 4, "'x' has no shape" },
        { """{"x":{"dtype":"F32","shape":[1]}}""", 4, "'x' has no data_offsets" },
        { """{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "has shape [-1]" },
        { """{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "other than 64-bit integers in its shape" },
        { """{"x":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "other than 64-bit integers in its shape" },
        { """{"x":{"dtype":"F32","shape":[4294967296],"data_offsets":[0,4]}}""", 4, "has shape [4294967296]" },
        { """{"x":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,4]}}""", 4, "does not fit in memory" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "takes 8 bytes, but its data_offsets span 4" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "3 data_offsets" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "data_offsets [4, 0]" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "data_offsets [-4, 0]" },
        { """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "cut short" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "bytes 4 to 5" },
        { """{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "bytes 0 to 4" },
        { """{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""", 6, "'y' overlaps" },
        { """{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "Duplicate" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", 0, "Duplicate" },
        { """{"__metadata__":{"a":1}}""", 0, "'a' is not a string" },
        { """{"__metadata__":"a"}""", 0, "is not an object" },
    };

    [Theory]
    [MemberData(nameof(WrongHeaders))]
    public void AWrongHeaderIsExplainedInOneLine(string header, int dataLength, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("wrong.safetensors", Format(header, new byte[dataLength]));
        AssertFault(path, expected);
    }

    [Fact]
    public void AWrongLengthIsExplainedInOneLine()
    {
        using var folder = new TemporaryFolder();
        AssertFault(folder["none.safetensors"], "none.safetensors");
        AssertFault(folder.Path, folder.Path);
        AssertFault(folder.Write("short", [1, 2, 3]), "3 bytes are too few");
        AssertFault(
            folder.Write("long", [3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']), "claims 3 bytes and the file has 2");
        AssertFault(folder.Write("negative", [0, 0, 0, 0, 0, 0, 0, 255, (byte)'{', (byte)'}']), "cut short");
        byte[] invalid = Format("""{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", []);
        invalid[10] = 0xC0;
        AssertFault(folder.Write("utf8", invalid), "valid");

        // A sparse file: 100 MB of header that is nowhere on disk.
        string large = folder.Write("large", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0]);
        using (FileStream stream = File.OpenWrite(large))
        {
            stream.SetLength(100_000_100);
        }

        AssertFault(large, "the header claims 100000001 bytes; 100000000 are allowed");
    }

    [Fact]
    public void CorruptFilesGiveTensorsOrOneKindOfException()
    {
        using var folder = new TemporaryFolder();
        string path = folder["fuzz.safetensors"];
        SafeTensors.Write(path, Some(), [new("step", "17")]);
        byte[] whole = File.ReadAllBytes(path);
        int header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        var random = new Random(5);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                // Digits, quotes and brackets go further into the parser than arbitrary bytes do.
                bytes[random.Next(header)] =
                    random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"0123456789-.,:[]{}\"\\eE "[random.Next(23)];
            }

            File.WriteAllBytes(path, random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                SafeTensors.Read(path);
            }
            catch (SafeTensorsException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }

        // Most damage shows; changes of names and of metadata cannot.
        Assert.InRange(refused, 750, 1499);
    }

    [Fact]
    public void NamesThatWouldCollideAreNotWritten()
    {
        using var folder = new TemporaryFolder();
        HostTensor x = HostTensor.From([1f], 1);
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(folder["a"], [new("x", x), new("x", x)]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(folder["a"], [new("__metadata__", x)]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [FactWithFiles("data/models/resnet20-cifar10.safetensors")]
    public void FilesOfTheReferenceImplementationAreRead()
    {
        SafeTensorsFile file =
            SafeTensors.Read(Path.Combine(Repository.Shared, "data/models/resnet20-cifar10.safetensors"));
        Assert.Equal([16, 3, 3, 3], file.Tensors["conv1.weight"].Shape.ToArray());
        Assert.Equal("conv1.weight", file.Tensors.Keys.First());
        Assert.All(file.Tensors["conv1.weight"].ToDoubles(), value => Assert.True(Math.Abs(value) < 10));
    }

    private static void AssertFault(string path, string expected)
    {
        SafeTensorsException e = Assert.Throws<SafeTensorsException>(() => SafeTensors.Read(path));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    private static byte[] Format(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }

    private static Dictionary<string, HostTensor> Some() => new()
    {
        ["empty"] = new HostTensor(ElementType.Float32, 3, 0),
        ["f32"] = HostTensor.From([1f, float.NaN, -0f, 3e-45f], 2, 2),
        ["f64"] = HostTensor.From([Math.PI, double.NegativeInfinity], 2),
        ["i32"] = HostTensor.From([int.MinValue, 5, 6], 3, 1, 1),
        ["i64"] = HostTensor.From([long.MaxValue], 1),
        ["scalar"] = HostTensor.From([7f]),
        ["u8"] = HostTensor.From("bytes"u8, 5),
    };
}
