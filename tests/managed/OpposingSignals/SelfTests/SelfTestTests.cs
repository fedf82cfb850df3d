using OpposingSignals.Devices;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.SelfTests;

public sealed class SelfTestTests
{
    public static TheoryData<string> Devices => [.. TestDevices.Names];

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
}
