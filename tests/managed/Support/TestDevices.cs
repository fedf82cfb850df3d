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

    /// <summary>Every name in both precisions on every device.</summary>
    public static TheoryData<string, string, Precision> Cases(IEnumerable<string> names)
    {
        var cases = new TheoryData<string, string, Precision>();
        foreach ((string device, string name) in from device in Names from name in names select (device, name))
        {
            cases.Add(device, name, Precision.Float32);
            cases.Add(device, name, Precision.Float64);
        }

        return cases;
    }

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
