using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;

namespace OpposingSignals.Runs;

/// <summary>
/// A run's metrics as a TensorBoard event file: records framed as TensorFlow's (length, checksum, data, checksum), each
/// an <c>Event</c> message of <c>tensorflow/core/util/event.proto</c> with one scalar for every value of a row.
/// </summary>
public static class TensorBoardEvents
{
    private const string FileVersion = "brain.Event:2";

    // Event: wall_time = 1 (double), step = 2, file_version = 3, summary = 5. Summary: value = 1. Value: tag = 1,
    // simple_value = 2.
    private const int WallTime = 1, Step = 2, Version = 3, Summary = 5, Value = 1, Tag = 1, SimpleValue = 2;

    /// <summary>Writes every value of <paramref name="metrics"/> under its column's name.</summary>
    /// <param name="path">The file; TensorBoard reads those with <c>tfevents</c> in their name.</param>
    /// <param name="metrics">The metrics.</param>
    /// <param name="start">Time stamped on the events; one millisecond is added for every row.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, MetricsTable metrics, DateTimeOffset start)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        double seconds = start.ToUnixTimeMilliseconds() / 1000.0;
        AtomicFile.Write(path, stream =>
        {
            WriteRecord(stream, Message(output =>
            {
                WriteDouble(output, WallTime, seconds);
                WriteString(output, Version, FileVersion);
            }));
            for (int row = 0; row < metrics.Steps.Count; row++)
            {
                byte[] summary = Message(output => WriteScalars(output, metrics, row));
                if (summary.Length > 0)
                {
                    WriteRecord(stream, Message(output =>
                    {
                        WriteDouble(output, WallTime, seconds + (row * 1e-3));
                        output.WriteTag(Step, WireFormat.WireType.Varint);
                        output.WriteInt64(metrics.Steps[row]);
                        WriteBytes(output, Summary, summary);
                    }));
                }
            }
        });
    }

    /// <summary>
    /// The checksum of a record: CRC-32C, rotated and shifted so that a checksum of checksums stays strong.
    /// </summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static void WriteScalars(CodedOutputStream output, MetricsTable metrics, int row)
    {
        foreach ((string name, double?[] values) in metrics.Columns)
        {
            if (values[row] is { } value)
            {
                WriteBytes(output, Value, Message(scalar =>
                {
                    WriteString(scalar, Tag, name);
                    scalar.WriteTag(SimpleValue, WireFormat.WireType.Fixed32);
                    scalar.WriteFloat((float)value);
                }));
            }
        }
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using (var output = new CodedOutputStream(memory, leaveOpen: true))
        {
            write(output);
        }

        return memory.ToArray();
    }

    private static void WriteDouble(CodedOutputStream output, int field, double value)
    {
        output.WriteTag(field, WireFormat.WireType.Fixed64);
        output.WriteDouble(value);
    }

    private static void WriteString(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void WriteBytes(CodedOutputStream output, int field, byte[] value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(value));
    }

    private static void WriteRecord(Stream stream, byte[] data)
    {
        Span<byte> header = stackalloc byte[12], footer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], MaskedChecksum(header[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(footer, MaskedChecksum(data));
        stream.Write(header);
        stream.Write(data);
        stream.Write(footer);
    }
}
