using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>A mark in a stream: it is reached when everything before it is done, and tells when that was.</summary>
internal sealed unsafe class CudaEvent : SafeHandle
{
    private const uint WithoutTime = 2;

    private readonly CudaDriver _driver;

    /// <summary>Makes an event in the current context.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="timed">Whether it keeps the time, which costs the stream a little.</param>
    public CudaEvent(CudaDriver driver, bool timed)
        : base(0, ownsHandle: true)
    {
        _driver = driver;
        nint created;
        driver.Check(driver.EventCreate(&created, timed ? 0 : WithoutTime), "making an event");
        SetHandle(created);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Puts the mark after everything that the stream was given so far.</summary>
    /// <returns>The driver's status.</returns>
    public int Record(CudaStream stream) => _driver.EventRecord(handle, stream.Handle);

    /// <summary>Waits until the mark is reached; at once where it was never put.</summary>
    /// <returns>The driver's status, which is that of any work before it that failed.</returns>
    public int Wait() => _driver.EventSynchronize(handle);

    /// <summary>Seconds between two marks that were reached, to about half a microsecond.</summary>
    public double SecondsSince(CudaEvent start)
    {
        float milliseconds;
        _driver.Check(
            _driver.EventElapsedTime(&milliseconds, start.handle, handle), "asking for the time between two events");
        return milliseconds * 1e-3;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.EventDestroy(handle) == 0;
}
