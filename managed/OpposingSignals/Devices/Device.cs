using System.Diagnostics;
using System.Runtime.InteropServices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Devices;

/// <summary>A processor with its own memory that runs native operations in order.</summary>
public abstract class Device : IDisposable
{
    private long _liveBytes;
    private long _peakBytes;
    private int _liveBuffers;

    /// <summary>Name as given on the command line, for example <c>cpu</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, in words for a run's record: processor, threads, instruction set.</summary>
    public abstract string Description { get; }

    /// <summary>How float32 products and convolutions multiply.</summary>
    public virtual ProductArithmetic Arithmetic => ProductArithmetic.Float32;

    /// <summary>Bytes in buffers that are not released.</summary>
    public long LiveBytes => Interlocked.Read(ref _liveBytes);

    /// <summary>The largest value of <see cref="LiveBytes"/> since the last <see cref="ResetPeak"/>.</summary>
    public long PeakBytes => Interlocked.Read(ref _peakBytes);

    /// <summary>Buffers that are not released.</summary>
    public int LiveBuffers => Volatile.Read(ref _liveBuffers);

    /// <summary>Bytes that may still be allocated.</summary>
    public abstract long AvailableMemory { get; }

    /// <summary>
    /// Bytes of activations and tangents that one micro-batch should take for the device to run well.
    /// </summary>
    public abstract long PreferredWorkingSet { get; }

    /// <summary>The device called <paramref name="name"/>.</summary>
    /// <param name="name">Its name on the command line.</param>
    /// <param name="threads">Host threads; 0 takes every processor.</param>
    /// <param name="arithmetic">
    /// How a CUDA device multiplies in float32 products; the processor does so exactly.
    /// </param>
    /// <exception cref="InputException">There is no such device, or it has no such arithmetic.</exception>
    /// <exception cref="DeviceUnavailableException">
    /// It cannot be had here; the message lists what was tried.
    /// </exception>
    public static Device Named(
        string name, int threads = 0, ProductArithmetic arithmetic = ProductArithmetic.Float32) => name switch
    {
        "cpu" when arithmetic != ProductArithmetic.Float32 =>
            throw new InputException($"The processor multiplies in fp32; {arithmetic.Name()} needs --device cuda."),
        "cpu" => new CpuDevice(threads),
        "cuda" => CudaDevice.Open(arithmetic: arithmetic),
        "cuda-emulated" => CudaDevice.OpenEmulated(arithmetic),
        _ => throw new InputException($"There is no device '{name}'. Known: cpu, cuda, cuda-emulated."),
    };

    /// <summary>Starts <see cref="PeakBytes"/> again from what is live now.</summary>
    public void ResetPeak() => Interlocked.Exchange(ref _peakBytes, LiveBytes);

    /// <summary>Allocates memory; its content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">The device has not enough memory.</exception>
    public DeviceBuffer Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nint address = AllocateMemory(Math.Max(bytes, 1));
        long live = Interlocked.Add(ref _liveBytes, bytes);
        Interlocked.Increment(ref _liveBuffers);
        for (long peak = PeakBytes; live > peak; peak = PeakBytes)
        {
            if (Interlocked.CompareExchange(ref _peakBytes, live, peak) == peak)
            {
                break;
            }
        }

        return new DeviceBuffer(this, address, bytes);
    }

    /// <summary>Copies host bytes to the device.</summary>
    public abstract void Upload(ReadOnlySpan<byte> source, nint destination);

    /// <summary>Copies device bytes to the host, after every operation before it has finished.</summary>
    public abstract void Download(nint source, Span<byte> destination);

    /// <summary>Copies within the device.</summary>
    public abstract void Copy(nint source, nint destination, long bytes);

    /// <summary>Sets device bytes to zero.</summary>
    public abstract void Clear(nint destination, long bytes);

    /// <summary>Waits until everything that was asked for is done.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>Releases the device; its buffers must be gone.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Runs an operation.</summary>
    /// <exception cref="NativeException">The operation failed.</exception>
    internal abstract void Run<TArguments>(Operation<TArguments> operation, in TArguments arguments)
        where TArguments : unmanaged;

    /// <summary>
    /// Whether operations return before they are done, so that the host waits for every number that it reads.
    /// </summary>
    internal virtual bool RunsAhead => false;

    /// <summary>Whether repeated work can be recorded and done as one.</summary>
    internal virtual bool RecordsWork => false;

    /// <summary>Bytes of scratch memory that any operation of the work takes at most, where the device keeps such
    /// memory; nothing is done, and addresses are not looked at.</summary>
    internal virtual long ScratchOf(Action work) => 0;

    /// <summary>Makes sure of so much scratch memory, where the device keeps such memory.</summary>
    internal virtual void ReserveScratch(long bytes)
    {
    }

    /// <summary>Seconds from when the device begins with the work until it has done everything that the work asks
    /// for.</summary>
    internal virtual double SecondsOf(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A place for work to record.</summary>
    internal virtual Recording CreateRecording() => throw new NotSupportedException($"{Name} does not record work.");

    internal void Release(nint address, long bytes)
    {
        FreeMemory(address);
        Interlocked.Add(ref _liveBytes, -bytes);
        Interlocked.Decrement(ref _liveBuffers);
    }

    internal void Upload<T>(ReadOnlySpan<T> source, nint destination)
        where T : unmanaged => Upload(MemoryMarshal.AsBytes(source), destination);

    internal void Download<T>(nint source, Span<T> destination)
        where T : unmanaged => Download(source, MemoryMarshal.AsBytes(destination));

    private protected abstract nint AllocateMemory(long bytes);

    private protected abstract void FreeMemory(nint address);
}
