using System.Globalization;
using System.Text;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// An NVIDIA GPU, through the driver alone; or the emulated driver, which runs the same kernels on the host.
/// </summary>
/// <remarks>
/// Everything runs in order on one stream. Operations return before they are done; downloads wait. A device may be used
/// by several threads, one at a time.
/// </remarks>
public sealed unsafe class CudaDevice : Device
{
    private readonly CudaDriver _driver;
    private readonly CudaContext _context;
    private readonly ProductArithmetic _arithmetic;
    private readonly CudaStream _stream;
    private readonly CudaTransfers _transfers;
    private readonly CudaScratch _scratch;
    private readonly Dictionary<string, CudaModule> _modules = [];
    private readonly Dictionary<(CudaKernel Kernel, Precision Precision), nint> _functions = [];
    private readonly Lock _gate = new();
    private readonly Lock _freeing = new();
    private readonly List<nint> _freedInCapture = [];
    private readonly string _hardware;
    private string _lastLaunch = "";
    private bool _disposed;
    private bool _capturing;

    private CudaDevice(CudaDriver driver, CudaContext context, nint? stream, ProductArithmetic arithmetic)
    {
        (_driver, _context, _arithmetic) = (driver, context, arithmetic);
        using CudaContext.Entered entered = context.Enter();
        _stream = stream is { } adopted ? CudaStream.Adopt(driver, adopted) : CudaStream.Create(driver);
        _transfers = new CudaTransfers(driver, _stream);
        _scratch = new CudaScratch(this);
        Multiprocessors = Attribute(16);
        (int Major, int Minor) capability = (Attribute(75), Attribute(76));
        MultipliesByWarpgroups =
            capability == (9, 0) && CudaModule.Exists(driver, "products" + ProductCore.WarpgroupModule);
        _hardware = string.Create(
            CultureInfo.InvariantCulture,
            $"{DeviceName()}, compute capability {capability.Major}.{capability.Minor}, {Multiprocessors} multiprocessors");
    }

    /// <inheritdoc/>
    public override string Name => _driver.IsEmulated ? "cuda-emulated" : "cuda";

    /// <inheritdoc/>
    public override string Description =>
        $"{Name}, {_hardware}, driver for CUDA {_driver.Version / 1000}.{_driver.Version % 1000 / 10}"
        + (Arithmetic == ProductArithmetic.Float32 ? "" : $", float32 products in {Arithmetic.Name()}");

    /// <inheritdoc/>
    public override long AvailableMemory
    {
        get
        {
            using CudaContext.Entered entered = _context.Enter();
            nuint free, total;
            _driver.Check(_driver.MemGetInfo(&free, &total), "asking for free memory");
            return (long)free;
        }
    }

    /// <summary>
    /// Bytes that fill the device with work: far more than its caches, since its memory is as fast as they need.
    /// </summary>
    public override long PreferredWorkingSet => 4L << 30;

    /// <inheritdoc/>
    public override ProductArithmetic Arithmetic => _arithmetic;

    /// <inheritdoc/>
    internal override bool RunsAhead => true;

    /// <inheritdoc/>
    internal override bool RecordsWork => true;

    /// <summary>Changes whenever the scratch memory moves, which captured work holds addresses of.</summary>
    internal long ScratchGeneration => _scratch.Generation;

    /// <summary>Bytes of scratch memory that are taken.</summary>
    internal long ScratchBytes => _scratch.Bytes;

    /// <summary>The kernels that this device has started, as MODULE/NAME.</summary>
    internal IEnumerable<string> StartedKernels =>
        _functions.Keys.Select(used => $"{used.Kernel.Module}/{used.Kernel.NameFor(used.Precision)}");

    /// <summary>How often captured work was done.</summary>
    internal long GraphLaunches { get; private set; }

    /// <summary>Whether work is being captured now.</summary>
    internal bool IsCapturing => _capturing;

    /// <summary>The driver's handle of the stream, for libraries that work on it too.</summary>
    internal nint StreamHandle => _stream.Handle;

    /// <summary>
    /// Whether the device has Hopper's products of matrices in shared memory, and there are kernels of them: a compiler
    /// before CUDA 12 leaves those out. Turned off, the device multiplies as those before Hopper do.
    /// </summary>
    internal bool MultipliesByWarpgroups { get; set; }

    /// <summary>Multiprocessors of the device.</summary>
    internal int Multiprocessors { get; }

    /// <summary>The first device of this machine's driver, or another by number.</summary>
    /// <exception cref="DeviceUnavailableException">
    /// Driver or device are missing; the message says what was tried.
    /// </exception>
    public static CudaDevice Open(int ordinal = 0, ProductArithmetic arithmetic = ProductArithmetic.Float32) =>
        Open(CudaDriver.Real, ordinal, arithmetic);

    /// <summary>The emulated device, for tests without a GPU: slow, and exact in what it reports.</summary>
    /// <exception cref="DeviceUnavailableException">The emulated driver was not built.</exception>
    public static CudaDevice OpenEmulated(ProductArithmetic arithmetic = ProductArithmetic.Float32) =>
        Open(CudaDriver.Emulated, 0, arithmetic);

    /// <summary>
    /// Works in a context and a stream that another library made, for example ManagedCuda, and leaves both to it.
    /// </summary>
    /// <param name="context">Its CUcontext.</param>
    /// <param name="stream">Its CUstream; zero is the default stream.</param>
    /// <param name="arithmetic">How float32 products and convolutions multiply.</param>
    public static CudaDevice Adopt(
        nint context, nint stream, ProductArithmetic arithmetic = ProductArithmetic.Float32) =>
        Adopt(CudaDriver.Real, context, stream, arithmetic);

    internal static CudaDevice Adopt(
        CudaDriver driver, nint context, nint stream, ProductArithmetic arithmetic = ProductArithmetic.Float32) =>
        new(driver, CudaContext.Adopt(driver, context), stream, arithmetic);

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, nint destination)
    {
        RefuseInCapture("an upload from the host");
        lock (_gate)
        {
            using CudaContext.Entered entered = _context.Enter();
            Check(_transfers.Upload(source, (ulong)destination), "upload", source.Length);
        }
    }

    /// <inheritdoc/>
    public override void Download(nint source, Span<byte> destination)
    {
        RefuseInCapture("a download to the host");
        lock (_gate)
        {
            using CudaContext.Entered entered = _context.Enter();
            Check(_transfers.Download((ulong)source, destination), "download", destination.Length);
        }
    }

    /// <inheritdoc/>
    public override void Copy(nint source, nint destination, long bytes)
    {
        using CudaContext.Entered entered = _context.Enter();
        Check(_driver.MemcpyDtoDAsync((ulong)destination, (ulong)source, checked((nuint)bytes), _stream.Handle),
            "copy", bytes);
    }

    /// <inheritdoc/>
    public override void Clear(nint destination, long bytes)
    {
        using CudaContext.Entered entered = _context.Enter();
        Check(_driver.MemsetD8Async((ulong)destination, 0, checked((nuint)bytes), _stream.Handle), "clear", bytes);
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        using CudaContext.Entered entered = _context.Enter();
        Check(_driver.StreamSynchronize(_stream.Handle), "waiting");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                using (_context.Enter())
                {
                    _scratch.Dispose();
                    _disposed = true;
                    foreach (CudaModule module in _modules.Values)
                    {
                        module.Dispose();
                    }

                    _transfers.Dispose();
                    _stream.Dispose();
                }

                _context.Dispose();
            }
        }

        base.Dispose();
    }

    /// <inheritdoc/>
    internal override void Run<TArguments>(Operation<TArguments> operation, in TArguments arguments)
    {
        CudaLauncher<TArguments> launcher = CudaOperations.Find(operation);
        lock (_gate)
        {
            using CudaContext.Entered entered = _context.Enter();
            try
            {
                launcher(new CudaLaunch(this, _scratch, operation.Name), arguments);
            }
            finally
            {
                _scratch.Reset();
            }
        }
    }

    /// <summary>Makes the device's context current on this thread until the result is disposed.</summary>
    internal CudaContext.Entered EnterContext() => _context.Enter();

    /// <inheritdoc/>
    internal override long ScratchOf(Action work)
    {
        lock (_gate)
        {
            return _scratch.MostOf(work);
        }
    }

    /// <inheritdoc/>
    internal override void ReserveScratch(long bytes)
    {
        lock (_gate)
        {
            _scratch.Reserve(bytes);
        }
    }

    /// <inheritdoc/>
    internal override Recording CreateRecording() => new CudaRecording(this);

    /// <summary>As the device's own clock counts them: what the host takes to start the work is hidden behind work that
    /// is under way.</summary>
    internal override double SecondsOf(Action work)
    {
        using CudaContext.Entered entered = _context.Enter();
        using CudaEvent start = new(_driver, timed: true), end = new(_driver, timed: true);
        Check(start.Record(_stream), "timing");
        work();
        Check(end.Record(_stream), "timing");
        Check(end.Wait(), "waiting");
        return end.SecondsSince(start);
    }

    /// <summary>Captures the work's operations instead of doing them.</summary>
    /// <exception cref="CaptureRefusedException">Something in it cannot be captured.</exception>
    internal CudaGraph Capture(Action work)
    {
        lock (_gate)
        {
            using CudaContext.Entered entered = _context.Enter();
            lock (_freeing)
            {
                _capturing = true;
            }

            try
            {
                return CudaGraph.Capture(_driver, _stream, work);
            }
            finally
            {
                lock (_freeing)
                {
                    _capturing = false;
                    _freedInCapture.ForEach(FreeMemory);
                    _freedInCapture.Clear();
                }
            }
        }
    }

    /// <summary>Does captured work.</summary>
    internal void Launch(CudaGraph graph)
    {
        lock (_gate)
        {
            using CudaContext.Entered entered = _context.Enter();
            graph.Launch(_stream);
            GraphLaunches++;
            _lastLaunch = "recorded work";
        }
    }

    /// <summary>Starts a kernel; <paramref name="parameters"/> are the addresses of its parameters.</summary>
    internal void Launch(
        string operation, CudaKernel kernel, Precision precision, CudaGrid grid, ReadOnlySpan<nint> parameters)
    {
        if (_scratch.OnlyCounts)
        {
            return;
        }

        nint function = Function(operation, kernel, precision);
        fixed (nint* addresses = parameters)
        {
            int status = _driver.LaunchKernel(
                function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)grid.Threads, 1, 1, (uint)kernel.SharedBytes,
                _stream.Handle, (void**)addresses, null);
            if (status != 0)
            {
                _driver.Throw(status, $"{operation}, kernel {kernel.NameFor(precision)} {grid}");
            }
        }

        _lastLaunch = operation;
    }

    private protected override nint AllocateMemory(long bytes)
    {
        RefuseInCapture("an allocation");
        using CudaContext.Entered entered = _context.Enter();
        ulong address;
        int status = _driver.MemAllocAsync(&address, checked((nuint)bytes), _stream.Handle);
        if (status == CudaException.OutOfMemory)
        {
            nuint free, total;
            _driver.Check(_driver.MemGetInfo(&free, &total), "asking for free memory");
            throw new OutOfDeviceMemoryException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Name} has no room for {Mebibytes(bytes)}: {Mebibytes((long)free)} of {Mebibytes((long)total)} are free, " +
                $"{Mebibytes(LiveBytes)} are in use here."));
        }

        Check(status, "allocation", bytes);
        return (nint)address;
    }

    // Called by finalizers too: whatever the driver says, the memory is gone with the context at the latest.
    private protected override void FreeMemory(nint address)
    {
        lock (_freeing)
        {
            if (_capturing)
            {
                // Put into the stream now it would become a part of what is captured.
                _freedInCapture.Add(address);
            }
            else if (!_disposed)
            {
                using CudaContext.Entered entered = _context.Enter();
                _ = _driver.MemFreeAsync((ulong)address, _stream.Handle);
            }
        }
    }

    private static string Mebibytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");

    private static CudaDevice Open(CudaDriver driver, int ordinal, ProductArithmetic arithmetic)
    {
        CudaContext context = CudaContext.Primary(driver, ordinal);
        try
        {
            return new CudaDevice(driver, context, null, arithmetic);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private nint Function(string operation, CudaKernel kernel, Precision precision)
    {
        if (_functions.TryGetValue((kernel, precision), out nint function))
        {
            return function;
        }

        if (!Enum.IsDefined(precision))
        {
            throw new NativeException(NativeStatus.InvalidArgument, $"{operation}: unknown precision {(int)precision}");
        }

        if (!_modules.TryGetValue(kernel.Module, out CudaModule? module))
        {
            module = CudaModule.Load(_driver, kernel.Module);
            _modules.Add(kernel.Module, module);
        }

        function = module.Function(kernel.NameFor(precision));
        if (kernel.SharedBytes > 0)
        {
            const int mostDynamicShared = 8;
            _driver.Check(
                _driver.FuncSetAttribute(function, mostDynamicShared, kernel.SharedBytes),
                $"asking for {kernel.SharedBytes} bytes of shared memory for {kernel.NameFor(precision)}");
        }

        _functions.Add((kernel, precision), function);
        return function;
    }

    private void RefuseInCapture(string what)
    {
        if (_capturing)
        {
            throw new CaptureRefusedException($"{what} cannot be recorded");
        }
    }

    // A kernel's failure shows at the first call after it, so the message names what was started last.
    private void Check(int status, string what, long? bytes = null)
    {
        if (status != 0)
        {
            string size = bytes is null ? "" : $" of {bytes} bytes";
            _driver.Throw(status, $"{what}{size}{(_lastLaunch.Length > 0 ? $", after {_lastLaunch}" : "")}");
        }
    }

    private int Attribute(int attribute)
    {
        int value;
        _driver.Check(
            _driver.DeviceGetAttribute(&value, attribute, _context.Device), "asking for the device's properties");
        return value;
    }

    private string DeviceName()
    {
        const int length = 256;
        byte* name = stackalloc byte[length];
        _driver.Check(_driver.DeviceGetName(name, length, _context.Device), "asking for the device's name");
        return Encoding.UTF8.GetString(
            System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
    }
}
