using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// The CUDA driver: the entry points that this library uses, resolved from <c>libcuda.so.1</c> or from the emulated
/// driver.
/// </summary>
/// <remarks>Nothing else of CUDA is needed to run: no runtime, no cuBLAS, no cuDNN.</remarks>
internal sealed unsafe class CudaDriver
{
    // The first driver that runs machine code for compute capability 9.0, with stream-ordered allocation and graphs.
    private const int MinimumVersion = 11080;

    private static readonly Lazy<CudaDriver> LoadedReal = new(() => new CudaDriver("libcuda.so.1", emulated: false));

    private static readonly Lazy<CudaDriver> LoadedEmulated =
        new(() => new CudaDriver(EmulatedPath, emulated: true));

    private readonly nint _library;
    private readonly delegate* unmanaged<int, byte**, int> _errorName;
    private readonly delegate* unmanaged<int, byte**, int> _errorString;
    private readonly delegate* unmanaged<byte*> _emulatedFault;

    private CudaDriver(string path, bool emulated)
    {
        (Path, IsEmulated) = (path, emulated);
        try
        {
            _library = NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DeviceUnavailableException(
                $"The CUDA driver could not be loaded. Tried:\n  {path}: {e.Message.ReplaceLineEndings(" ")}\n" +
                "Install NVIDIA's driver, or use --device cpu.", e);
        }

        _errorName = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorName");
        _errorString = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorString");
        _emulatedFault = emulated ? (delegate* unmanaged<byte*>)Export("opsig_emulated_fault") : null;
        int status = ((delegate* unmanaged<uint, int>)Export("cuInit"))(0);
        if (status != 0)
        {
            throw new DeviceUnavailableException($"{path}: the CUDA driver does not start: {Describe(status)}.");
        }

        int version;
        Check(((delegate* unmanaged<int*, int>)Export("cuDriverGetVersion"))(&version),
            "asking for the driver's version");
        Version = version;
        if (version < MinimumVersion)
        {
            throw new DeviceUnavailableException(
                $"{path}: the driver knows CUDA {Dotted(version)}; {Dotted(MinimumVersion)} or later is needed. Update the driver.");
        }

        DeviceGetCount = (delegate* unmanaged<int*, int>)Export("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Export("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        DevicePrimaryCtxRetain = (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        DevicePrimaryCtxRelease = (delegate* unmanaged<int, int>)Export("cuDevicePrimaryCtxRelease_v2");
        CtxCreate = (delegate* unmanaged<nint*, uint, int, int>)Export("cuCtxCreate_v2");
        CtxDestroy = (delegate* unmanaged<nint, int>)Export("cuCtxDestroy_v2");
        CtxPushCurrent = (delegate* unmanaged<nint, int>)Export("cuCtxPushCurrent_v2");
        CtxPopCurrent = (delegate* unmanaged<nint*, int>)Export("cuCtxPopCurrent_v2");
        CtxGetDevice = (delegate* unmanaged<int*, int>)Export("cuCtxGetDevice");
        StreamCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuStreamCreate");
        StreamDestroy = (delegate* unmanaged<nint, int>)Export("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged<nint, int>)Export("cuStreamSynchronize");
        StreamBeginCapture = (delegate* unmanaged<nint, int, int>)Export("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged<nint, nint*, int>)Export("cuStreamEndCapture");
        GraphInstantiate = (delegate* unmanaged<nint*, nint, ulong, int>)Export("cuGraphInstantiateWithFlags");
        GraphLaunch = (delegate* unmanaged<nint, nint, int>)Export("cuGraphLaunch");
        GraphDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphDestroy");
        GraphExecDestroy = (delegate* unmanaged<nint, int>)Export("cuGraphExecDestroy");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuEventCreate");
        EventDestroy = (delegate* unmanaged<nint, int>)Export("cuEventDestroy_v2");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Export("cuEventRecord");
        EventSynchronize = (delegate* unmanaged<nint, int>)Export("cuEventSynchronize");
        EventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Export("cuEventElapsedTime");
        ModuleLoadData = (delegate* unmanaged<nint*, byte*, int>)Export("cuModuleLoadData");
        ModuleUnload = (delegate* unmanaged<nint, int>)Export("cuModuleUnload");
        FuncSetAttribute = (delegate* unmanaged<nint, int, int, int>)Export("cuFuncSetAttribute");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        MemAllocAsync = (delegate* unmanaged<ulong*, nuint, nint, int>)Export("cuMemAllocAsync");
        MemFreeAsync = (delegate* unmanaged<ulong, nint, int>)Export("cuMemFreeAsync");
        MemGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2");
        MemAllocHost = (delegate* unmanaged<void**, nuint, int>)Export("cuMemAllocHost_v2");
        MemFreeHost = (delegate* unmanaged<void*, int>)Export("cuMemFreeHost");
        MemcpyHtoDAsync = (delegate* unmanaged<ulong, void*, nuint, nint, int>)Export("cuMemcpyHtoDAsync_v2");
        MemcpyDtoHAsync = (delegate* unmanaged<void*, ulong, nuint, nint, int>)Export("cuMemcpyDtoHAsync_v2");
        MemcpyDtoDAsync = (delegate* unmanaged<ulong, ulong, nuint, nint, int>)Export("cuMemcpyDtoDAsync_v2");
        MemsetD8Async = (delegate* unmanaged<ulong, byte, nuint, nint, int>)Export("cuMemsetD8Async");
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)
            Export("cuLaunchKernel");
    }

    /// <summary>The driver of this machine.</summary>
    /// <exception cref="DeviceUnavailableException">It is missing, too old, or does not start.</exception>
    public static CudaDriver Real => LoadedReal.Value;

    /// <summary>The driver that runs kernels on the host, for tests without a GPU.</summary>
    /// <exception cref="DeviceUnavailableException">It was not built.</exception>
    public static CudaDriver Emulated => LoadedEmulated.Value;

    /// <summary>The library.</summary>
    public string Path { get; }

    /// <summary>Whether kernels run on the host.</summary>
    public bool IsEmulated { get; }

    /// <summary>The CUDA version that the driver knows: 1000 · major + 10 · minor.</summary>
    public int Version { get; }

    public delegate* unmanaged<int*, int> DeviceGetCount { get; }

    public delegate* unmanaged<int*, int, int> DeviceGet { get; }

    public delegate* unmanaged<byte*, int, int, int> DeviceGetName { get; }

    public delegate* unmanaged<int*, int, int, int> DeviceGetAttribute { get; }

    public delegate* unmanaged<nint*, int, int> DevicePrimaryCtxRetain { get; }

    public delegate* unmanaged<int, int> DevicePrimaryCtxRelease { get; }

    public delegate* unmanaged<nint*, uint, int, int> CtxCreate { get; }

    public delegate* unmanaged<nint, int> CtxDestroy { get; }

    public delegate* unmanaged<nint, int> CtxPushCurrent { get; }

    public delegate* unmanaged<nint*, int> CtxPopCurrent { get; }

    public delegate* unmanaged<int*, int> CtxGetDevice { get; }

    public delegate* unmanaged<nint*, uint, int> StreamCreate { get; }

    public delegate* unmanaged<nint, int> StreamDestroy { get; }

    public delegate* unmanaged<nint, int> StreamSynchronize { get; }

    public delegate* unmanaged<nint, int, int> StreamBeginCapture { get; }

    public delegate* unmanaged<nint, nint*, int> StreamEndCapture { get; }

    public delegate* unmanaged<nint*, nint, ulong, int> GraphInstantiate { get; }

    public delegate* unmanaged<nint, nint, int> GraphLaunch { get; }

    public delegate* unmanaged<nint, int> GraphDestroy { get; }

    public delegate* unmanaged<nint, int> GraphExecDestroy { get; }

    public delegate* unmanaged<nint*, uint, int> EventCreate { get; }

    public delegate* unmanaged<nint, int> EventDestroy { get; }

    public delegate* unmanaged<nint, nint, int> EventRecord { get; }

    public delegate* unmanaged<nint, int> EventSynchronize { get; }

    public delegate* unmanaged<float*, nint, nint, int> EventElapsedTime { get; }

    public delegate* unmanaged<nint*, byte*, int> ModuleLoadData { get; }

    public delegate* unmanaged<nint, int> ModuleUnload { get; }

    public delegate* unmanaged<nint, int, int, int> FuncSetAttribute { get; }

    public delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction { get; }

    public delegate* unmanaged<ulong*, nuint, nint, int> MemAllocAsync { get; }

    public delegate* unmanaged<ulong, nint, int> MemFreeAsync { get; }

    public delegate* unmanaged<nuint*, nuint*, int> MemGetInfo { get; }

    public delegate* unmanaged<void**, nuint, int> MemAllocHost { get; }

    public delegate* unmanaged<void*, int> MemFreeHost { get; }

    public delegate* unmanaged<ulong, void*, nuint, nint, int> MemcpyHtoDAsync { get; }

    public delegate* unmanaged<void*, ulong, nuint, nint, int> MemcpyDtoHAsync { get; }

    public delegate* unmanaged<ulong, ulong, nuint, nint, int> MemcpyDtoDAsync { get; }

    public delegate* unmanaged<ulong, byte, nuint, nint, int> MemsetD8Async { get; }

    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel { get; }

    private static string EmulatedPath =>
        Environment.GetEnvironmentVariable("OPSIG_EMULATED_DRIVER") is { Length: > 0 } named
            ? named
            : System.IO.Path.Combine(AppContext.BaseDirectory, "libopsig_cuda_emulated.so");

    /// <summary>Throws unless the driver returned success.</summary>
    /// <param name="status">What it returned.</param>
    /// <param name="what">What was asked of it, for the message.</param>
    /// <exception cref="CudaException">It failed.</exception>
    public void Check(int status, string what)
    {
        if (status != 0)
        {
            Throw(status, what);
        }
    }

    /// <summary>For tests, on the emulated driver: the device is lost after so many more launches.</summary>
    public void LoseDeviceAfter(long launches) =>
        ((delegate* unmanaged<long, void>)Export("opsig_emulated_lose_device_after"))(launches);

    /// <summary>For tests, on the emulated driver: in which order the threads of the kernels that this host thread
    /// starts take turns, <c>forward</c>, <c>reverse</c> or <c>random:SEED</c>; null for the environment's.</summary>
    public void FollowSchedule(string? schedule)
    {
        fixed (byte* text = schedule is null ? null : Encoding.UTF8.GetBytes(schedule + '\0'))
        {
            ((delegate* unmanaged<byte*, void>)Export("opsig_emulated_follow_schedule"))(text);
        }
    }

    /// <summary>For tests, on the emulated driver: streams, events, modules, graphs and page-locked memory that are not
    /// released.</summary>
    public long LiveObjects => ((delegate* unmanaged<long>)Export("opsig_emulated_live_objects"))();

    /// <summary>For tests, on the emulated driver: how often this host thread has waited for the device.</summary>
    public long Waits => ((delegate* unmanaged<long>)Export("opsig_emulated_waits"))();

    /// <summary>For tests, on the emulated driver: every kernel that there is, as MODULE/NAME.</summary>
    public IReadOnlyList<string> Kernels
    {
        get
        {
            var nameOf = (delegate* unmanaged<int, byte*>)Export("opsig_emulated_kernel");
            var names = new List<string>();
            while (Marshal.PtrToStringUTF8((nint)nameOf(names.Count)) is { } name)
            {
                names.Add(name);
            }

            return names;
        }
    }

    /// <summary>Throws what the driver reports.</summary>
    [DoesNotReturn]
    public void Throw(int status, string what) => throw new CudaException(status, what, Describe(status));

    /// <summary>The driver's name and text of an error, with the emulated driver's account of a fault.</summary>
    public string Describe(int status)
    {
        byte* name = null, text = null;
        _errorName(status, &name);
        _errorString(status, &text);
        string described = name == null
            ? $"error {status}"
            : $"{Marshal.PtrToStringUTF8((nint)name)} ({status}), {Marshal.PtrToStringUTF8((nint)text)}";
        string fault = _emulatedFault == null ? "" : Marshal.PtrToStringUTF8((nint)_emulatedFault()) ?? "";
        return fault.Length > 0 && status == CudaException.LaunchFailed ? $"{described}: {fault}" : described;
    }

    private static string Dotted(int version) => $"{version / 1000}.{version % 1000 / 10}";

    private nint Export(string name) =>
        NativeLibrary.TryGetExport(_library, name, out nint address)
            ? address
            : throw new DeviceUnavailableException(
                $"{Path}: the driver lacks {name}; it is too old. Update the driver.");
}
