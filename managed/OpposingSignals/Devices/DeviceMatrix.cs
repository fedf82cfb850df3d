using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OpposingSignals.Devices;

/// <summary>
/// A small float64 matrix [rows, columns] in a device's memory: inner products that become coefficients without a
/// detour over the host, which would have to wait for them.
/// </summary>
internal sealed class DeviceMatrix : IDisposable
{
    private static readonly Operation<WhiteningArguments> WhiteningOperation = new("whitening");

    private readonly DeviceBuffer _buffer;

    /// <summary>Allocates a matrix; its content is undefined.</summary>
    public DeviceMatrix(Device device, int rows, int columns)
    {
        (Rows, Columns) = (rows, columns);
        _buffer = device.Allocate(checked((long)rows * columns * sizeof(double)));
    }

    public int Rows { get; }

    public int Columns { get; }

    public nint Address => _buffer.Address;

    /// <summary>Address of an element, counted row by row.</summary>
    public nint Element(int index) => Address + (index * sizeof(double));

    /// <summary>A copy of a host matrix.</summary>
    public static DeviceMatrix From(Device device, double[,] values)
    {
        var matrix = new DeviceMatrix(device, values.GetLength(0), values.GetLength(1));
        device.Upload<double>(Elements(values), matrix.Address);
        return matrix;
    }

    /// <summary>The matrix on the host, after everything that writes it.</summary>
    public double[,] ToHost()
    {
        double[,] values = new double[Rows, Columns];
        _buffer.Device.Download<double>(Address, Elements(values));
        return values;
    }

    /// <summary>
    /// Coefficients C with Cᵀ G C = I in their first columns and zeros in the others, for this matrix G of inner
    /// products, which is overwritten: a Cholesky factorisation with pivoting.
    /// </summary>
    /// <param name="before">
    /// Inner products before a projection, of which only the squared lengths matter; null for lengths of one.
    /// </param>
    /// <param name="smallestShare">
    /// A vector is dropped unless more than this share of its squared length was left.
    /// </param>
    /// <param name="smallestPivot">
    /// It is dropped, too, unless more than this share of what was left lies outside the others.
    /// </param>
    /// <param name="kept">Address of a float64 on the device: takes the number of columns that are not zero.</param>
    public DeviceMatrix Whitening(DeviceMatrix? before, double smallestShare, double smallestPivot, nint kept)
    {
        var coefficients = new DeviceMatrix(_buffer.Device, Rows, Columns);
        _buffer.Device.Run(WhiteningOperation, new WhiteningArguments
        {
            Count = Rows,
            Gram = Address,
            Before = before?.Address ?? 0,
            SmallestShare = smallestShare,
            SmallestPivot = smallestPivot,
            Coefficients = coefficients.Address,
            Kept = kept,
        });
        return coefficients;
    }

    public void Dispose() => _buffer.Dispose();

    private static Span<double> Elements(double[,] values) =>
        MemoryMarshal.CreateSpan(
            ref Unsafe.As<byte, double>(
                ref MemoryMarshal.GetArrayDataReference(values)), values.Length);

    [StructLayout(LayoutKind.Sequential)]
    internal struct WhiteningArguments
    {
        public long Count;
        public nint Gram;
        public nint Before;
        public double SmallestShare;
        public double SmallestPivot;
        public nint Coefficients;
        public nint Kept;
    }
}
