using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OpposingSignals.Devices;

/// <summary>The host's processor: C++ over oneDNN, SIMD and OpenMP.</summary>
public sealed unsafe class CpuDevice : Device
{
    private const nuint Alignment = 64;

    private readonly CpuLibrary _library;
    private readonly ConditionalWeakTable<object, ResolvedOperation> _resolved = [];

    /// <summary>Loads the native library and sets its threads.</summary>
    /// <param name="threads">Threads to use; 0 takes every processor that this process may run on.</param>
    /// <exception cref="DeviceUnavailableException">The native library could not be loaded.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative.</exception>
    public CpuDevice(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        _library = CpuLibrary.Instance;
        _library.Threads = threads > 0 ? threads : Environment.ProcessorCount;
    }

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override string Description => $"cpu, {_library.InstructionSet}, {_library.Threads} threads";

    /// <inheritdoc/>
    public override long AvailableMemory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>
    /// A micro-batch whose tensors nearly stay in the last-level cache spares the memory bus; smaller ones pay more for
    /// reordering filters and waking threads.
    /// </summary>
    public override long PreferredWorkingSet => 48L << 20;

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, nint destination)
    {
        fixed (byte* from = source)
        {
            NativeMemory.Copy(from, (void*)destination, (nuint)source.Length);
        }
    }

    /// <inheritdoc/>
    public override void Download(nint source, Span<byte> destination)
    {
        fixed (byte* to = destination)
        {
            NativeMemory.Copy((void*)source, to, (nuint)destination.Length);
        }
    }

    /// <inheritdoc/>
    public override void Copy(nint source, nint destination, long bytes) =>
        NativeMemory.Copy((void*)source, (void*)destination, checked((nuint)bytes));

    /// <inheritdoc/>
    public override void Clear(nint destination, long bytes) =>
        NativeMemory.Clear((void*)destination, checked((nuint)bytes));

    /// <inheritdoc/>
    internal override void Run<TArguments>(Operation<TArguments> operation, in TArguments arguments)
    {
        ResolvedOperation resolved = _resolved.GetValue(operation, Resolve);
        fixed (TArguments* pointer = &arguments)
        {
            _library.ThrowOnFailure(resolved.Run(pointer));
        }

        ResolvedOperation Resolve(object key) =>
            new(_library.Resolve(((Operation<TArguments>)key).Name, sizeof(TArguments)));
    }

    private protected override nint AllocateMemory(long bytes) =>
        (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), Alignment);

    private protected override void FreeMemory(nint address) => NativeMemory.AlignedFree((void*)address);

    private sealed class ResolvedOperation(delegate* unmanaged<void*, int> run)
    {
        public readonly delegate* unmanaged<void*, int> Run = run;
    }
}
