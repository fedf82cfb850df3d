using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>
/// What a user sees where a GPU is missing, unfit, too small or lost, on the emulated driver told to be so.
/// </summary>
[Collection(CommandLineCollection.Name)]
public sealed class DeviceFailureTests
{
    private static readonly string[] Curvature =
    [
        "curvature", "--model", "mlp:64:tanh", "--data", "planted:60", "--eigs", "1", "--device", "cuda-emulated",
    ];

    [Theory]
    [InlineData("OPSIG_EMULATED_VERSION=11020", "the driver knows CUDA 11.2; 11.8 or later is needed")]
    [InlineData("OPSIG_EMULATED_DEVICES=0", "the driver sees no CUDA device")]
    [InlineData("OPSIG_EMULATED_DRIVER=/nowhere.so", "The CUDA driver could not be loaded. Tried:")]
    public void ADriverThatDoesNotServeIsNamedWithTheWayOut(string setting, string complaint)
    {
        CommandResult result = CommandLine.Shell($"{setting} \"$@\"", Curvature).Expect(1);
        Assert.Equal("", result.Output);
        Assert.Contains(complaint, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TooLittleMemoryForThePlanIsReportedWithThePlanAndWhatFits()
    {
        // The budget is more than the device has.
        string line = Refused(memory: 700_000);
        Assert.Contains("of 0.7 MiB are free", line, StringComparison.Ordinal);
        Assert.Matches(@"The plan takes \d+\.\d MiB: 1 micro-batches of \d+ samples with 8 vectors at once", line);
        Assert.Matches(
            @"A budget of \d\.\d MiB would do with micro-batches of \d+ samples and \d vectors at once", line);
    }

    [Fact]
    public void TooLittleMemoryForABasisIsReportedWithItsSize()
    {
        string line = Refused(memory: 4_000_000);
        Assert.Matches(@"A basis of \d+ vectors of \d+ elements takes \d+\.\d MiB with its products: ask for fewer eigenpairs", line);
    }

    [Fact]
    public void ARunWhoseDeviceIsLostGoesOnFromItsCheckpointToTheSameBytes()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], lost = folder["lost"];
        CommandLine.Run(Train(whole)).Expect(0);
        CommandResult failure = CommandLine.Shell("OPSIG_EMULATED_LAUNCHES=700 \"$@\"", Train(lost)).Expect(1);
        Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", Assert.Single(failure.Complaints), StringComparison.Ordinal);
        CommandLine.Run("resume", lost).Expect(0);
        SmallRun.AssertSame(whole, lost);
    }

    private static string Refused(long memory)
    {
        string line = CommandLine.Shell($"OPSIG_EMULATED_MEMORY={memory} \"$@\"", [.. Curvature, "--memory", "512"])
            .Expect(1).Complaints.Single();
        Assert.Contains("cuda-emulated has no room for", line, StringComparison.Ordinal);
        return line;
    }

    private static string[] Train(string folder) => [.. SmallRun.Train(folder, 12), "--device", "cuda-emulated"];
}
