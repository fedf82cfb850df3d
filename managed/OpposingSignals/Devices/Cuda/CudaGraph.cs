using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Captured work that can be launched as one: an instantiated CUDA graph.</summary>
internal sealed unsafe class CudaGraph : SafeHandle
{
    private readonly CudaDriver _driver;

    private CudaGraph(CudaDriver driver, nint handle)
        : base(0, ownsHandle: true)
    {
        _driver = driver;
        SetHandle(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Captures what <paramref name="work"/> puts into the stream; nothing of it is done yet.</summary>
    /// <exception cref="CaptureRefusedException">The work has something in it that cannot be captured.</exception>
    public static CudaGraph Capture(CudaDriver driver, CudaStream stream, Action work)
    {
        // Other threads may go on using the driver meanwhile.
        const int ofThisThread = 1;
        Refuse(driver, driver.StreamBeginCapture(stream.Handle, ofThisThread));
        try
        {
            work();
        }
        catch
        {
            // What was captured so far is of no use; the stream must leave the capture all the same.
            nint unfinished = 0;
            _ = driver.StreamEndCapture(stream.Handle, &unfinished);
            _ = unfinished == 0 ? 0 : driver.GraphDestroy(unfinished);
            throw;
        }

        nint graph, executable;
        Refuse(driver, driver.StreamEndCapture(stream.Handle, &graph));
        int status = driver.GraphInstantiate(&executable, graph, 0);
        _ = driver.GraphDestroy(graph);
        Refuse(driver, status);
        return new CudaGraph(driver, executable);
    }

    /// <summary>Does the work again.</summary>
    public void Launch(CudaStream stream) =>
        _driver.Check(_driver.GraphLaunch(handle, stream.Handle), "launching recorded work");

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.GraphExecDestroy(handle) == 0;

    private static void Refuse(CudaDriver driver, int status)
    {
        if (status != 0)
        {
            throw new CaptureRefusedException($"the CUDA driver reports {driver.Describe(status)}");
        }
    }
}

/// <summary>Something cannot be a part of captured work; the message says what.</summary>
internal sealed class CaptureRefusedException(string message) : InvalidOperationException(message);
