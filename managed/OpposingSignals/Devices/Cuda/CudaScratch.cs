namespace OpposingSignals.Devices.Cuda;

/// <summary>Device memory that an operation needs between its kernels. It grows to the largest request and is kept.</summary>
/// <remarks>Work is in order on one stream, so that the next operation may use the same memory at once.</remarks>
internal sealed class CudaScratch(Device device) : IDisposable
{
    private const long Alignment = 256;

    private readonly List<DeviceBuffer> _outgrown = [];
    private DeviceBuffer? _buffer;
    private long _used;
    private long _taken;

    /// <summary>Changes whenever the memory moves.</summary>
    public long Generation { get; private set; }

    /// <summary>Memory until the next <see cref="Reset"/>.</summary>
    public nint Take(long bytes)
    {
        long aligned = (Math.Max(bytes, 1) + Alignment - 1) / Alignment * Alignment;
        if (_buffer is null || _used + aligned > _buffer.Bytes)
        {
            // Enough for the whole operation so far, so that it fits the next time, and twice as much as before, so that growing
            // ends soon. What was taken stays valid until the operation ends.
            long larger = Math.Max(2 * (_buffer?.Bytes ?? 0), Math.Max(_taken + aligned, 1 << 20));
            if (_buffer is not null)
            {
                _outgrown.Add(_buffer);
            }

            _buffer = null;
            Generation++;
            _buffer = device.Allocate(larger);
            _used = 0;
        }

        nint address = _buffer.Address + (nint)_used;
        _used += aligned;
        _taken += aligned;
        return address;
    }

    /// <summary>Ends an operation: everything may be taken again.</summary>
    public void Reset()
    {
        (_used, _taken) = (0, 0);
        foreach (DeviceBuffer buffer in _outgrown)
        {
            buffer.Dispose();
        }

        _outgrown.Clear();
    }

    public void Dispose()
    {
        Reset();
        _buffer?.Dispose();
        _buffer = null;
    }
}
