using System.Runtime.InteropServices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A library of NVIDIA's whose kernels are timed beside ours, on the device's own stream and on the same
/// operands.</summary>
public abstract class KernelLibrary : IDisposable
{
    private protected KernelLibrary(string name, CudaDevice device, SharedLibrary library) =>
        (Name, Device, Library) = (name, device, library);

    /// <summary>Its name, for example <c>cuBLAS</c>.</summary>
    public string Name { get; }

    /// <summary>The file.</summary>
    public string Path => Library.Path;

    /// <summary>The version, as the library numbers it.</summary>
    public abstract long Version { get; }

    private protected CudaDevice Device { get; }

    private protected SharedLibrary Library { get; }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Makes an operation ready, where the library has it.</summary>
    /// <returns>Whether it has; otherwise <paramref name="calls"/> is as it was.</returns>
    /// <exception cref="LibraryException">It has, but refuses these shapes.</exception>
    internal abstract bool Prepare<TArguments>(
        string operation, in TArguments arguments, ICollection<ILibraryCall> calls)
        where TArguments : unmanaged;

    /// <summary>What the library calls a status.</summary>
    private protected abstract string Described(int status);

    /// <summary>Throws unless a call succeeded.</summary>
    /// <exception cref="CaptureRefusedException">It failed while work is recorded; done directly it may
    /// succeed.</exception>
    /// <exception cref="LibraryException">It failed.</exception>
    internal void Check(int status, string call)
    {
        if (status != 0)
        {
            string message = $"{Name}: {call} returns {Described(status)} ({status}).";
            throw Device.IsCapturing ? new CaptureRefusedException(message) : new LibraryException(message);
        }
    }

    /// <summary>A text that the library keeps.</summary>
    private protected static unsafe string Text(byte* text) =>
        Marshal.PtrToStringUTF8((nint)text) ?? "a status without a name";

    /// <summary>A size as the int that the libraries take.</summary>
    /// <exception cref="LibraryException">It is larger.</exception>
    internal int Fits(long size) =>
        size <= int.MaxValue ? (int)size : throw new LibraryException($"{Name} takes no extent of {size}.");
}
