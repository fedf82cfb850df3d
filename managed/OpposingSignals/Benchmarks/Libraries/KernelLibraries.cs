using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>The libraries that are there for a device: cuBLAS, cuBLASLt and cuDNN.</summary>
public sealed class KernelLibraries : IDisposable
{
    private KernelLibraries(IReadOnlyList<KernelLibrary> found, IReadOnlyList<string> missing) =>
        (Found, Missing) = (found, missing);

    /// <summary>Those that are there.</summary>
    public IReadOnlyList<KernelLibrary> Found { get; }

    /// <summary>For each of the others a sentence that says why it is not.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Loads what there is; none for the processor.</summary>
    /// <param name="device">On which the libraries are to work.</param>
    /// <param name="folders">Where to look before the system's own search: folders with the libraries, or with a
    /// <c>nvidia</c> folder of PyTorch's wheels.</param>
    public static KernelLibraries Open(Device device, IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(folders);
        var found = new List<KernelLibrary>();
        var missing = new List<string>();
        if (device is CudaDevice cuda)
        {
            var search = new LibrarySearch(folders, TakesOnlyStandIns: cuda.Name == "cuda-emulated");

            // cuBLASLt first: the others are linked with it, and take the one that is loaded.
            foreach (Func<CudaDevice, LibrarySearch, KernelLibrary> open in
                (Func<CudaDevice, LibrarySearch, KernelLibrary>[])[CublasLt.Open, Cublas.Open, Cudnn.Open])
            {
                try
                {
                    found.Add(open(cuda, search));
                }
                catch (LibraryException e)
                {
                    missing.Add(e.Message);
                }
            }
        }

        return new KernelLibraries(found, missing);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KernelLibrary library in Found)
        {
            library.Dispose();
        }
    }
}
