using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks;

/// <summary>Device memory full of numbers: operands of what is timed, released together.</summary>
internal sealed class PatternMemory(Device device, Precision precision) : IDisposable
{
    // Of the numbers that operands are filled with, over and over.
    private const int PatternLength = 1 << 16;

    private readonly List<DeviceBuffer> _buffers = [];
    private readonly double[] _pattern = Pattern();

    public Device Device => device;

    public Precision Precision => precision;

    public nint Allocate(long bytes)
    {
        DeviceBuffer buffer = device.Allocate(bytes);
        _buffers.Add(buffer);
        return buffer.Address;
    }

    /// <summary>Numbers between -1/2 and 1/2.</summary>
    public nint Tensor(long count)
    {
        nint address = Allocate(count * precision.Size());
        Fill(address, count);
        return address;
    }

    /// <summary>Whole numbers from 0 to below <paramref name="below"/>: tokens, and classes.</summary>
    public nint Integers(long count, int below)
    {
        int first = (int)Math.Min(count, PatternLength);
        nint address = Allocate(count * sizeof(long));
        device.Upload<long>(Array.ConvertAll(_pattern[..first], value => (long)((value + 0.5) * below)), address);
        Repeat(address, first, count, sizeof(long));
        return address;
    }

    /// <summary>A block of vectors with such numbers; the caller's.</summary>
    public VectorBlock Vectors(int count, long length)
    {
        var block = new VectorBlock(device, precision, count, length);
        Fill(block.Address, count * length);
        return block;
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private void Fill(nint address, long count)
    {
        int first = (int)Math.Min(count, PatternLength);
        if (precision == Precision.Float64)
        {
            device.Upload<double>(_pattern.AsSpan(0, first), address);
        }
        else
        {
            device.Upload<float>(Array.ConvertAll(_pattern[..first], value => (float)value), address);
        }

        Repeat(address, first, count, precision.Size());
    }

    // Uploaded once, then doubled on the device.
    private void Repeat(nint address, long first, long count, int size)
    {
        for (long filled = first; filled < count; filled *= 2)
        {
            device.Copy(address, address + (nint)(filled * size), Math.Min(filled, count - filled) * size);
        }
    }

    private static double[] Pattern()
    {
        var random = new Xoshiro256(1);
        double[] pattern = new double[PatternLength];
        foreach (ref double value in pattern.AsSpan())
        {
            value = random.NextDouble(-0.5, 0.5);
        }

        return pattern;
    }
}
