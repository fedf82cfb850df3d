using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// A device that does nothing: it makes the operations of a layer's pass ready as calls of a library, and those that
/// the library has not as kernels of ours. So a library is timed on what our kernels are timed on, whatever the
/// layer.
/// </summary>
internal sealed class LibraryDevice(CudaDevice device, KernelLibrary library) : Device, IDisposable
{
    private readonly List<ILibraryCall> _calls = [];

    /// <inheritdoc/>
    public override string Name => library.Name;

    /// <inheritdoc/>
    public override string Description => $"{library.Name} on {device.Description}";

    /// <inheritdoc/>
    public override ProductArithmetic Arithmetic => device.Arithmetic;

    /// <inheritdoc/>
    public override long AvailableMemory => device.AvailableMemory;

    /// <inheritdoc/>
    public override long PreferredWorkingSet => device.PreferredWorkingSet;

    /// <summary>Whether any operation was the library's.</summary>
    public bool HasAny { get; private set; }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, nint destination) => throw OnlyOperations();

    /// <inheritdoc/>
    public override void Download(nint source, Span<byte> destination) => throw OnlyOperations();

    /// <inheritdoc/>
    public override void Copy(nint source, nint destination, long bytes) => throw OnlyOperations();

    /// <inheritdoc/>
    public override void Clear(nint destination, long bytes) => throw OnlyOperations();

    /// <summary>Does the calls in their order.</summary>
    public void RunCalls() => _calls.ForEach(call => call.Run());

    /// <summary>Brings the results to where the layer's kernels leave them.</summary>
    public void FinishCalls() => _calls.ForEach(call => call.Finish());

    /// <summary>Forgets the calls.</summary>
    public override void Dispose()
    {
        _calls.ForEach(call => call.Dispose());
        _calls.Clear();
        HasAny = false;
        base.Dispose();
    }

    /// <inheritdoc/>
    internal override void Run<TArguments>(Operation<TArguments> operation, in TArguments arguments)
    {
        bool has = library.Prepare(operation.Name, arguments, _calls);
        HasAny |= has;
        if (!has)
        {
            _calls.Add(new KernelCall<TArguments>(device, operation, arguments));
        }
    }

    private protected override nint AllocateMemory(long bytes) => throw OnlyOperations();

    private protected override void FreeMemory(nint address) => throw OnlyOperations();

    private static NotSupportedException OnlyOperations() => new("A pass of a layer consists of operations.");
}
