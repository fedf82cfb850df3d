using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Tests.Support;

/// <summary>The devices that tests run on: the processor, the emulated GPU, and a GPU where there is one.</summary>
public static class TestDevices
{
    public static IReadOnlyList<string> Names { get; } = HasGpu() ? ["cpu", "cuda-emulated", "cuda"] : ["cpu", "cuda-emulated"];

    /// <summary>A device by name; the processor with two threads.</summary>
    public static Device Open(string name) => Device.Named(name, threads: 2);

    /// <summary>Whether a device has all that a reference case needs: attention has no CUDA kernels yet.</summary>
    public static bool Supports(string device, string referenceCase) =>
        device == "cpu" || !(referenceCase.StartsWith("gpt", StringComparison.Ordinal)
            || referenceCase.StartsWith("vit", StringComparison.Ordinal));

    private static bool HasGpu()
    {
        try
        {
            CudaDevice.Open().Dispose();
            return true;
        }
        catch (DeviceUnavailableException)
        {
            return false;
        }
    }
}
