namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// Device memory that an operation needs between its kernels. It grows to the largest request and is kept; a memory
/// plan knows what its operations will request, and reserves that.
/// </summary>
/// <remarks>Work is in order on one stream, so that the next operation may use the same memory at once.</remarks>
internal sealed class CudaScratch(Device device) : IDisposable
{
    private const long Alignment = 256;

    private readonly List<DeviceBuffer> _outgrown = [];
    private DeviceBuffer? _buffer;
    private long _used;
    private long _taken;
    private long _most;

    /// <summary>Size of the memory.</summary>
    public long Bytes => _buffer?.Bytes ?? 0;

    /// <summary>Changes whenever the memory moves.</summary>
    public long Generation { get; private set; }

    /// <summary>Whether requests are only counted, so that nothing may be launched.</summary>
    public bool OnlyCounts { get; private set; }

    /// <summary>The most that an operation of the work takes, whose requests are counted and not met.</summary>
    public long MostOf(Action work)
    {
        _most = 0;
        OnlyCounts = true;
        try
        {
            work();
            return _most;
        }
        finally
        {
            OnlyCounts = false;
        }
    }

    /// <summary>Takes so much memory now, unless there is as much.</summary>
    public void Reserve(long bytes)
    {
        if (bytes > Bytes)
        {
            _buffer?.Dispose();
            _buffer = null;
            Generation++;
            _buffer = device.Allocate(bytes);
        }
    }

    /// <summary>Memory until the next <see cref="Reset"/>.</summary>
    public nint Take(long bytes)
    {
        long aligned = (Math.Max(bytes, 1) + Alignment - 1) / Alignment * Alignment;
        if (OnlyCounts)
        {
            _taken += aligned;
            return (nint)Alignment;
        }

        if (_buffer is null || _used + aligned > _buffer.Bytes)
        {
            // Enough for the whole operation so far, so that it fits the next time, and a quarter more than before, so
            // that growing ends soon. What was taken stays valid until the operation ends.
            long larger = Math.Max(Bytes + (Bytes / 4), Math.Max(_taken + aligned, 1 << 20));
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
        _most = Math.Max(_most, _taken);
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
