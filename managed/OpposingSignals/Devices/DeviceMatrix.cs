namespace OpposingSignals.Devices;

/// <summary>
/// A small float64 matrix [rows, columns] in a device's memory: inner products that become coefficients without a detour over
/// the host, which would have to wait for them.
/// </summary>
internal sealed class DeviceMatrix : IDisposable
{
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

    public void Dispose() => _buffer.Dispose();

    private static Span<double> Elements(double[,] values) =>
        System.Runtime.InteropServices.MemoryMarshal.CreateSpan(
            ref System.Runtime.CompilerServices.Unsafe.As<byte, double>(
                ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(values)), values.Length);
}
