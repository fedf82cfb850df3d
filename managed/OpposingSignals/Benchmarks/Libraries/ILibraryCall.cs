using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>One call of a layer's pass, ready to run: operands are as the library wants them, and what it runs by is
/// chosen.</summary>
internal interface ILibraryCall : IDisposable
{
    /// <summary>Does it; this is what is timed. Results may lie where only the library finds them.</summary>
    void Run();

    /// <summary>Brings results to where the layer's own kernels would have left them.</summary>
    void Finish();
}

/// <summary>A kernel of ours between calls of a library that has no such operation.</summary>
internal sealed class KernelCall<TArguments>(
    Device device, Operation<TArguments> operation, TArguments arguments) : ILibraryCall
    where TArguments : unmanaged
{
    public void Run() => device.Run(operation, arguments);

    public void Finish()
    {
    }

    public void Dispose()
    {
    }
}
