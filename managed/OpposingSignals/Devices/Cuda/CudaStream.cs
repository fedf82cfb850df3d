using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>A queue of work on a device, in order; made here, or adopted from another library.</summary>
internal sealed unsafe class CudaStream : SafeHandle
{
    // A stream that does not wait for the legacy default stream.
    private const uint NonBlocking = 1;

    private readonly CudaDriver _driver;

    private CudaStream(CudaDriver driver, nint handle, bool adopted)
        : base(0, ownsHandle: !adopted)
    {
        _driver = driver;
        SetHandle(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => false;

    /// <summary>The driver's handle; zero is the default stream.</summary>
    public nint Handle => handle;

    /// <summary>Makes a stream in the current context.</summary>
    public static CudaStream Create(CudaDriver driver)
    {
        nint stream;
        driver.Check(driver.StreamCreate(&stream, NonBlocking), "making a stream");
        return new CudaStream(driver, stream, adopted: false);
    }

    /// <summary>Uses a stream that another library owns.</summary>
    public static CudaStream Adopt(CudaDriver driver, nint stream) => new(driver, stream, adopted: true);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.StreamDestroy(handle) == 0;
}
