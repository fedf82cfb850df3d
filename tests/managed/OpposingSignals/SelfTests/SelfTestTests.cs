using OpposingSignals.Devices;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.SelfTests;

public sealed class SelfTestTests
{
    public static TheoryData<string> Devices => [.. TestDevices.Names];

    [Theory]
    [MemberData(nameof(Devices))]
    public void EveryKernelAgreesWithTheProcessorsFloat64(string name)
    {
        using Device device = TestDevices.Open(name);
        SelfTestResult[] results = [.. SelfTest.Run(device)];
        Assert.True(results.Length > 300, $"only {results.Length} comparisons");
        Assert.DoesNotContain(results, result => !result.Passed);
    }
}
