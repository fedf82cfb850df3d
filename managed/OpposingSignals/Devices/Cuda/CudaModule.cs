using System.Runtime.InteropServices;
using System.Text;

namespace OpposingSignals.Devices.Cuda;

/// <summary>A loaded module of kernels.</summary>
internal sealed unsafe class CudaModule : SafeHandle
{
    private readonly CudaDriver _driver;
    private readonly string _name;

    private CudaModule(CudaDriver driver, string name, nint handle)
        : base(0, ownsHandle: true)
    {
        (_driver, _name) = (driver, name);
        SetHandle(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Loads a module into the current context.</summary>
    /// <exception cref="DeviceUnavailableException">Its file is missing, or holds no code for this device.</exception>
    public static CudaModule Load(CudaDriver driver, string name)
    {
        byte[] image = driver.IsEmulated ? Encoding.ASCII.GetBytes(name + "\0") : ReadImage(name);
        nint module;
        int status;
        fixed (byte* bytes = image)
        {
            status = driver.ModuleLoadData(&module, bytes);
        }

        return status == 0
            ? new CudaModule(driver, name, module)
            : throw new DeviceUnavailableException(
                $"The CUDA module '{name}' could not be loaded: {driver.Describe(status)}. It holds code for compute capability " +
                "8.0 and later; a driver that is older than the compiler of the modules refuses them too.");
    }

    /// <summary>Whether there is a module of this name.</summary>
    public static bool Exists(CudaDriver driver, string name) => driver.IsEmulated || File.Exists(PathOf(name));

    /// <summary>The kernel called <paramref name="kernel"/>.</summary>
    public nint Function(string kernel)
    {
        nint function;
        int status;
        fixed (byte* name = Encoding.ASCII.GetBytes(kernel + "\0"))
        {
            status = _driver.ModuleGetFunction(&function, handle, name);
        }

        return status == 0
            ? function
            : throw new DeviceUnavailableException(
                $"The CUDA module '{_name}' has no kernel '{kernel}' ({_driver.Describe(status)}). It was built from other " +
                "sources: build it again.");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _driver.ModuleUnload(handle) == 0;

    private static string PathOf(string name) =>
        Environment.GetEnvironmentVariable("OPSIG_CUDA_MODULES") is { Length: > 0 } folder
            ? Path.Combine(folder, name + ".fatbin")
            : Path.Combine(AppContext.BaseDirectory, "cuda", name + ".fatbin");

    private static byte[] ReadImage(string name)
    {
        string path = PathOf(name);
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DeviceUnavailableException(
                $"The CUDA modules are missing. Tried:\n  {path}: {e.Message}\nBuild them with './opsig cuda-modules'.",
                e);
        }
    }
}
