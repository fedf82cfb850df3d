using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks;

/// <summary>What a device does at most, measured with the simplest work there is.</summary>
/// <param name="Flops">Multiplications and additions in a second: multiply-adds in registers, outside tensor
/// cores.</param>
/// <param name="Bytes">Bytes read and written in a second by a copy of far more than the caches hold.</param>
public sealed record Ceilings(double Flops, double Bytes)
{
    private const int Chains = 8;
    private static readonly Operation<Arguments> Operation = new("ceiling");

    /// <summary>Measures both.</summary>
    /// <param name="device">Of what.</param>
    /// <param name="precision">Of the multiply-adds.</param>
    /// <param name="seconds">Time to spend on each.</param>
    public static Ceilings Measure(Device device, Precision precision, double seconds)
    {
        ArgumentNullException.ThrowIfNull(device);
        var timer = new WorkTimer(device, seconds);

        // An emulated device is slow and its caches are the host's: it only has to come to an end.
        bool isEmulated = device.Name == "cuda-emulated";
        long elements = isEmulated ? 1 << 10 : 1 << 20, rounds = isEmulated ? 16 : 4096,
            bytes = isEmulated ? 1 << 20 : 1 << 28;
        using DeviceBuffer from = device.Allocate(bytes), to = device.Allocate(bytes);
        device.Clear(from.Address, bytes);
        double multiplying = timer.Of(() => Multiply(device, precision, elements, rounds, to.Address));
        double copying = timer.Of(() => device.Copy(from.Address, to.Address, bytes));
        return new Ceilings(2.0 * Chains * elements * rounds / multiplying, 2.0 * bytes / copying);
    }

    /// <summary>The multiply-adds: element i becomes Σ over 8 chains c of 2 + (i % 32 + c − 2) / 2^rounds.</summary>
    internal static void Multiply(Device device, Precision precision, long elements, long rounds, nint to) =>
        device.Run(Operation, new Arguments { Precision = precision, Count = elements, Rounds = rounds, Out = to });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public long Count;
        public long Rounds;
        public nint Out;
    }
}
