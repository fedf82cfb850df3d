using System.Runtime.InteropServices;

namespace OpposingSignals.Devices;

/// <summary>Memory on a device. Released with <see cref="SafeHandle.Dispose()"/>, or by the finalizer.</summary>
/// <remarks>64-byte aligned and not cleared. The owning device counts live buffers and their bytes.</remarks>
public sealed class DeviceBuffer : SafeHandle
{
    private readonly Device _device;

    internal DeviceBuffer(Device device, nint address, long bytes)
        : base(0, ownsHandle: true)
    {
        _device = device;
        Bytes = bytes;
        SetHandle(address);
    }

    /// <summary>The device that owns the memory.</summary>
    public Device Device => _device;

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Address on the device; on a CPU an ordinary pointer.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was released.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        _device.Release(handle, Bytes);
        return true;
    }
}
