using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>A CUDA context: a device's primary one, or one that was made elsewhere and is only used here.</summary>
internal sealed unsafe class CudaContext : SafeHandle
{
    private readonly CudaDriver _driver;

    private CudaContext(CudaDriver driver, nint handle, int device, bool adopted)
        : base(0, ownsHandle: !adopted)
    {
        (_driver, Device) = (driver, device);
        SetHandle(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The driver's number of the device.</summary>
    public int Device { get; }

    /// <summary>Retains the primary context of a device, which every library in the process shares.</summary>
    /// <exception cref="DeviceUnavailableException">There is no such device.</exception>
    public static CudaContext Primary(CudaDriver driver, int ordinal)
    {
        int count, device;
        driver.Check(driver.DeviceGetCount(&count), "counting devices");
        if (ordinal >= count)
        {
            throw new DeviceUnavailableException(
                count == 0
                    ? $"{driver.Path}: the driver sees no CUDA device. Check CUDA_VISIBLE_DEVICES, or use --device cpu."
                    : $"{driver.Path}: there is no CUDA device {ordinal}; the driver sees {count}, counted from 0.");
        }

        nint context;
        driver.Check(driver.DeviceGet(&device, ordinal), "finding the device");
        driver.Check(driver.DevicePrimaryCtxRetain(&context, device), "making the device's context");
        return new CudaContext(driver, context, device, adopted: false);
    }

    /// <summary>Uses a context that another library owns.</summary>
    public static CudaContext Adopt(CudaDriver driver, nint context)
    {
        int device;
        driver.Check(driver.CtxPushCurrent(context), "entering the given context");
        int status = driver.CtxGetDevice(&device);
        nint popped;
        driver.Check(driver.CtxPopCurrent(&popped), "leaving the given context");
        driver.Check(status, "finding the device of the given context");
        return new CudaContext(driver, context, device, adopted: true);
    }

    /// <summary>Makes the context current on this thread until the result is disposed.</summary>
    public Entered Enter()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        _driver.Check(_driver.CtxPushCurrent(handle), "entering the context");
        return new Entered(_driver);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.DevicePrimaryCtxRelease(Device) == 0;

    /// <summary>Leaves the context.</summary>
    public readonly ref struct Entered(CudaDriver driver)
    {
        public void Dispose()
        {
            nint context;
            _ = driver.CtxPopCurrent(&context);
        }
    }
}
