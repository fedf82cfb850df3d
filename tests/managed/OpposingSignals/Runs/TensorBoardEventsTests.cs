using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using OpposingSignals.Runs;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Runs;

/// <summary>Event files, read back by a reader that knows only the format.</summary>
public sealed class TensorBoardEventsTests
{
    [Fact]
    public void EveryValueComesBackAtItsStepUnderItsName()
    {
        using var folder = new TemporaryFolder();
        var metrics = new MetricsTable(
            [0, 3, 4],
            new OrderedDictionary<string,
            double?[]> { ["loss"] = [2.5, 1.25, null], ["sharpness"] = [null, -7, null] });
        TensorBoardEvents.Write(folder["events"], metrics, DateTimeOffset.UnixEpoch.AddSeconds(100));

        List<byte[]> records = Records(File.ReadAllBytes(folder["events"]));
        Assert.Contains("brain.Event:2", Encoding.ASCII.GetString(records[0]), StringComparison.Ordinal);
        Assert.Equal(
            [(0L, "loss", 2.5f), (3L, "loss", 1.25f), (3L, "sharpness", -7f)],
            records.Skip(1).SelectMany(Scalars));
    }

    // The check value of the CRC catalogue for CRC-32C, rotated and shifted as the format says.
    [Fact]
    public void TheChecksumIsTheFormatsOwn()
    {
        const uint check = 0xe3069283;
        Assert.Equal(((check >> 15) | (check << 17)) + 0xa282ead8, TensorBoardEvents.MaskedChecksum("123456789"u8));
    }

    private static List<byte[]> Records(byte[] file)
    {
        var records = new List<byte[]>();
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(
                TensorBoardEvents.MaskedChecksum(file.AsSpan(at, 8)),
                BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            byte[] data = file[(at + 12)..(at + 12 + length)];
            Assert.Equal(
                TensorBoardEvents.MaskedChecksum(data),
                BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            records.Add(data);
            at += length + 16;
        }

        return records;
    }

    private static IEnumerable<(long Step, string Tag, float Value)> Scalars(byte[] record)
    {
        long step = 0;
        var values = new List<(string, float)>();
        Fields(record, (field, input) =>
        {
            switch (field)
            {
                case 1:
                    Assert.InRange(input.ReadDouble(), 100, 101);
                    break;
                case 2:
                    step = input.ReadInt64();
                    break;
                default:
                    Fields(input.ReadBytes().ToByteArray(), (_, summary) => values.Add(
                        Scalar(summary.ReadBytes().ToByteArray())));
                    break;
            }
        });
        return values.Select(value => (step, value.Item1, value.Item2));
    }

    private static (string Tag, float Value) Scalar(byte[] message)
    {
        (string tag, float value) = ("", float.NaN);
        Fields(message,
            (field, input) => _ = field == 1 ? (tag = input.ReadString()).Length : (value = input.ReadFloat()));
        return (tag, value);
    }

    private static void Fields(byte[] message, Action<int, CodedInputStream> read)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            read(WireFormat.GetTagFieldNumber(tag), input);
        }
    }
}
