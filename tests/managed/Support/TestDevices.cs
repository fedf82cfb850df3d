using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Tests.Support;

/// <summary>The devices that tests run on: the processor, the emulated GPU, and a GPU where there is one.</summary>
public static class TestDevices
{
    public static IReadOnlyList<string> Names { get; } = HasGpu()
        ? ["cpu", "cuda-emulated", "cuda"] : ["cpu", "cuda-emulated"];

    /// <summary>A device by name; the processor with two threads.</summary>
    public static Device Open(string name) => Device.Named(name, threads: 2);

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
