using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>Operations that move or add whole tensors.</summary>
internal static class Rearrangement
{
    private static readonly Operation<TransposeArguments> TransposeOperation = new("transpose_planes");
    private static readonly Operation<AddArguments> AddOperation = new("add");

    /// <summary>out[n, c, r] = [+] in[n, r, c] for n &lt; count.</summary>
    public static void Transpose(
        Device device, Precision precision, long count, int rows, int columns, nint from, nint to,
        bool accumulate = false) =>
        device.Run(TransposeOperation, new TransposeArguments
        {
            Precision = precision,
            Accumulate = accumulate ? 1 : 0,
            Count = count,
            Rows = rows,
            Columns = columns,
            In = from,
            Out = to,
        });

    /// <summary>out = [+] a (+ b unless zero).</summary>
    public static void Add(
        Device device, Precision precision, long count, nint a, nint b, nint to, bool accumulate,
        Activation.Arguments then = default) =>
        device.Run(AddOperation, new AddArguments
        {
            Precision = precision,
            Accumulate = accumulate ? 1 : 0,
            Count = count,
            A = a,
            B = b,
            Out = to,
            Then = then,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct TransposeArguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Count;
        public long Rows;
        public long Columns;
        public nint In;
        public nint Out;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct AddArguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Count;
        public nint A;
        public nint B;
        public nint Out;
        public Activation.Arguments Then;
    }
}
