using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Host memory that stays where it is, so that a device copies to and from it by itself.</summary>
internal sealed unsafe class PageLockedMemory : SafeHandle
{
    private readonly CudaDriver _driver;
    private readonly int _bytes;

    /// <summary>Takes memory in the current context.</summary>
    /// <exception cref="CudaException">The host refuses to lock so much.</exception>
    public PageLockedMemory(CudaDriver driver, int bytes)
        : base(0, ownsHandle: true)
    {
        (_driver, _bytes) = (driver, bytes);
        void* memory;
        driver.Check(driver.MemAllocHost(&memory, (nuint)bytes), $"locking {bytes} bytes of host memory");
        SetHandle((nint)memory);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The memory; its content is undefined. Not to be used after <see cref="SafeHandle.Dispose()"/>.</summary>
    public Span<byte> Span => new((void*)handle, _bytes);

    /// <summary>Where it lies.</summary>
    public byte* Address => (byte*)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.MemFreeHost((void*)handle) == 0;
}
