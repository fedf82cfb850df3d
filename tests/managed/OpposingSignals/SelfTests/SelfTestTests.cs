using OpposingSignals.Devices;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.SelfTests;

public sealed class SelfTestTests
{
    public static TheoryData<string> Devices => [.. TestDevices.Names];

    public static TheoryData<string, string> Accelerated
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names.Where(name => name != "cpu"))
            {
                data.Add(device, "3xtf32");
                data.Add(device, "tf32");
                data.Add(device, "bf16");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void EveryKernelAndNetworkAgreesWithTheProcessorsFloat64(string name)
    {
        using Device device = TestDevices.Open(name);
        SelfTestResult[] results = [.. SelfTest.Run(device)];
        Assert.True(results.Length > 300, $"only {results.Length} comparisons");
        Assert.DoesNotContain(results, result => result.Failed);

        // Only what has no kernels may be missing.
        Assert.All(results.Where(result => result.NotRun is not null), result => Assert.Contains("attention", result.NotRun!));

        // A bound of a percent would let a wrong kernel pass.
        Assert.All(results, result => Assert.True(result.Bound < 1e-2, $"{result.Subject}, {result.Quantity}: {result.Bound}"));
    }

    [Theory]
    [MemberData(nameof(Accelerated))]
    public void NetworksOnTensorCoresAgreeWithinTheBoundOfTheirArithmetic(string name, string arithmetic)
    {
        // Single products are compared in ProductArithmeticTests.
        ProductArithmetic wanted = ProductArithmeticExtensions.Named(arithmetic);
        using Device device = Device.Named(name, arithmetic: wanted);
        using var processor = new CpuDevice();
        SelfTestResult[] results = [.. NetworkComparisons.Run(device, processor)];
        Assert.True(results.Length > 40, $"only {results.Length} comparisons");
        Assert.DoesNotContain(results, result => result.Failed || result.NotRun is not null);
    }
}
