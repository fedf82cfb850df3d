using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// What a launcher works with: it starts kernels, takes scratch memory, and moves numbers from and to the host.
/// </summary>
internal readonly unsafe ref struct CudaLaunch(CudaDevice device, CudaScratch scratch, string operation)
{
    /// <summary>What multiplies products of a precision.</summary>
    /// <param name="precision">Precision of the operands.</param>
    /// <param name="wholeWords">Whether they can be read 16 bytes at a time.</param>
    public ProductCore CoreFor(Precision precision, bool wholeWords)
    {
        ProductArithmetic arithmetic =
            precision == Precision.Float32 ? device.Arithmetic : ProductArithmetic.Float32;
        return new ProductCore(
            precision, arithmetic,
            arithmetic != ProductArithmetic.Float32 && wholeWords && device.MultipliesByWarpgroups);
    }

    /// <summary>Scratch memory until the operation ends.</summary>
    public nint Scratch(long bytes) => scratch.Take(bytes);

    /// <summary>Numbers from the device, after everything before is done.</summary>
    public void Download<T>(nint from, Span<T> to)
        where T : unmanaged => device.Download(from, MemoryMarshal.AsBytes(to));

    /// <summary>
    /// Adds numbers [vectors, count] from the device to host memory whose rows are <paramref name="stride"/> apart.
    /// </summary>
    public void AddTo(double* host, long stride, nint from, long vectors, long count)
    {
        double[] values = new double[checked(vectors * count)];
        Download(from, values.AsSpan());
        for (long j = 0; j < vectors; j++)
        {
            for (long n = 0; n < count; n++)
            {
                host[(j * stride) + n] += values[(j * count) + n];
            }
        }
    }

    public void Run<TFirst>(CudaKernel kernel, Precision precision, CudaGrid grid, TFirst first)
        where TFirst : unmanaged =>
        device.Launch(operation, kernel, precision, grid, [(nint)(&first)]);

    public void Run<TFirst, TSecond>(CudaKernel kernel, Precision precision, CudaGrid grid, TFirst first, TSecond second)
        where TFirst : unmanaged
        where TSecond : unmanaged =>
        device.Launch(operation, kernel, precision, grid, [(nint)(&first), (nint)(&second)]);

    public void Run<TFirst, TSecond, TThird>(
        CudaKernel kernel, Precision precision, CudaGrid grid, TFirst first, TSecond second, TThird third)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged =>
        device.Launch(operation, kernel, precision, grid, [(nint)(&first), (nint)(&second), (nint)(&third)]);

    public void Run<TFirst, TSecond, TThird, TFourth>(
        CudaKernel kernel, Precision precision, CudaGrid grid, TFirst first, TSecond second, TThird third,
        TFourth fourth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged =>
        device.Launch(
            operation, kernel, precision, grid, [(nint)(&first), (nint)(&second), (nint)(&third), (nint)(&fourth)]);

    public void Run<TFirst, TSecond, TThird, TFourth, TFifth>(
        CudaKernel kernel, Precision precision, CudaGrid grid, TFirst first, TSecond second, TThird third,
        TFourth fourth, TFifth fifth)
        where TFirst : unmanaged
        where TSecond : unmanaged
        where TThird : unmanaged
        where TFourth : unmanaged
        where TFifth : unmanaged =>
        device.Launch(
            operation, kernel, precision, grid,
            [(nint)(&first), (nint)(&second), (nint)(&third), (nint)(&fourth), (nint)(&fifth)]);

    /// <summary>Refuses an argument.</summary>
    public void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new NativeException(NativeStatus.InvalidArgument, $"{operation}: {what}");
        }
    }
}

/// <summary>
/// Starts the kernels of an operation. Its arguments' pointers are the device's unless the ABI says they are the
/// host's.
/// </summary>
internal delegate void CudaLauncher<TArguments>(CudaLaunch launch, in TArguments arguments)
    where TArguments : unmanaged;
