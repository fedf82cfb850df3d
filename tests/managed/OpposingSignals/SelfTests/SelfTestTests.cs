using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.SelfTests;

public sealed class SelfTestTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                string[] arithmetics = device == "cpu" ? ["fp32"] : ["fp32", "3xtf32", "tf32", "bf16"];
                foreach (string arithmetic in arithmetics)
                {
                    data.Add(device, arithmetic);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryKernelAndNetworkAgreesWithTheProcessorsFloat64(string name, string arithmetic)
    {
        using Device device = Device.Named(name, threads: 2, ProductArithmeticExtensions.Named(arithmetic));
        SelfTestResult[] results = [.. SelfTest.Run(device)];
        Assert.True(results.Length > (arithmetic == "fp32" ? 500 : 150), $"only {results.Length} comparisons");
        Assert.DoesNotContain(results, result => result.Failed || result.NotRun is not null);

        // A bound of a percent would let a wrong kernel pass.
        if (arithmetic == "fp32")
        {
            Assert.All(results, result => Assert.True(result.Bound < 1e-2, $"{result}"));
        }

        if (device is CudaDevice { Name: "cuda-emulated" } emulated)
        {
            Assert.Equal("", string.Join(", ", Kernels(arithmetic).Except(emulated.StartedKernels)));
        }
    }

    // The kernels of tensor cores bear the name of their arithmetic.
    private static IEnumerable<string> Kernels(string arithmetic) => CudaDriver.Emulated.Kernels.Where(
        kernel => kernel.EndsWith('_' + arithmetic, StringComparison.Ordinal));
}
