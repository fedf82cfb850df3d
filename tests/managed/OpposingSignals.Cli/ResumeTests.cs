using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

[Collection(CommandLineCollection.Name)]
public sealed class ResumeTests
{
    private const int Interrupt = 2;
    private const int Terminate = 15;

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public void AnInterruptedRunFinishesItsStepAndGoesOnBitwise(int signal)
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], stopped = folder["stopped"];
        CommandLine.Run(SmallRun.Train(whole, steps: 200)).Expect(0);

        using RunningCommand command = CommandLine.Start(SmallRun.Train(stopped, steps: 200));
        command.WaitUntil(() => File.Exists(Path.Combine(stopped, "checkpoints", "state.safetensors")));
        command.Signal(signal);
        CommandResult result = command.Wait(TimeSpan.FromSeconds(30)).Expect(130);
        Assert.Equal("", result.Output);
        Assert.Contains("opsig resume", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(stopped, "checkpoints", "model.safetensors")));

        CommandLine.Run("resume", stopped).Expect(0);
        SmallRun.AssertSame(whole, stopped);
    }

    [Fact]
    public void AFinishedRunWithMoreStepsIsTheLongerRun()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], extended = folder["extended"];
        CommandLine.Run(SmallRun.Train(whole, steps: 50)).Expect(0);
        CommandLine.Run(SmallRun.Train(extended, steps: 23)).Expect(0);
        CommandLine.Run("resume", extended, "--steps", "50").Expect(0);
        SmallRun.AssertSame(whole, extended);

        // Nothing is left to do, and nothing changes.
        CommandLine.Run("resume", extended).Expect(0);
        SmallRun.AssertSame(whole, extended);
    }

    [Theory]
    [InlineData("momentum:0.8")]
    [InlineData("adam")]
    public void AnOptimizerGoesOnWithWhatItRemembers(string optimizer)
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], extended = folder["extended"];
        CommandLine.Run([.. SmallRun.Train(whole, steps: 12), "--optimizer", optimizer]).Expect(0);
        CommandLine.Run([.. SmallRun.Train(extended, steps: 5), "--optimizer", optimizer]).Expect(0);
        CommandLine.Run("resume", extended, "--steps", "12").Expect(0);
        SmallRun.AssertSame(whole, extended);
    }

    [Fact]
    public void TheSameSeedGivesTheSameBytesAndAnotherSeedOthers()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run(SmallRun.Train(folder["a"], steps: 25)).Expect(0);
        CommandLine.Run(SmallRun.Train(folder["b"], steps: 25, checkpointEvery: 10)).Expect(0);
        SmallRun.AssertSame(folder["a"], folder["b"]);
        CommandLine.Run([.. SmallRun.Train(folder["c"], steps: 25), "--seed", "1"]).Expect(0);
        Assert.NotEqual(SmallRun.Column(folder["a"], "loss"), SmallRun.Column(folder["c"], "loss"));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float64")]
    public void MeasuringDoesNotChangeTheLosses(string precision)
    {
        using var folder = new TemporaryFolder();
        string[] training =
        [
            "train", "--model", "cnn:4:tanh:avgpool", "--data", "planted:60", "--loss", "ce", "--lr", "0.1", "--steps",
            "40",
            "--threads", "1", "--micro-batch", "25", "--precision", precision,
        ];
        CommandLine.Run([.. training, "--eig-every", "1", "--test-every", "1", "--out", folder["all"]]).Expect(0);
        CommandLine.Run([.. training, "--eig-every", "0", "--test-every", "0", "--out", folder["none"]]).Expect(0);
        Assert.Equal(41, SmallRun.Column(folder["none"], "loss").Length);
        Assert.Equal(SmallRun.Column(folder["none"], "loss"), SmallRun.Column(folder["all"], "loss"));
        Assert.All(SmallRun.Column(folder["all"], "sharpness"), value => Assert.NotEqual("", value));
        Assert.All(SmallRun.Column(folder["none"], "sharpness"), value => Assert.Equal("", value));
        Assert.Equal(
            File.ReadAllBytes(folder["none", "checkpoints", "model.safetensors"]),
            File.ReadAllBytes(folder["all", "checkpoints", "model.safetensors"]));
    }

    [Fact]
    public void ARunThatAnotherProcessRunsIsNotResumed()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        using RunningCommand first = CommandLine.Start(SmallRun.Train(run, steps: 1_000_000));
        first.WaitUntil(() => File.Exists(Path.Combine(run, "checkpoints", "state.safetensors")));
        string message = CommandLine.Run("resume", run).OneLine(2);
        Assert.Contains("another process", message, StringComparison.Ordinal);

        // Looking at it is allowed.
        CommandLine.Run("outliers", run).Expect(0);
        first.Signal(Interrupt);
        first.Wait(TimeSpan.FromSeconds(30)).Expect(130);
        CommandLine.Run("resume", run, "--steps", "1").Expect(0);
    }

    [Fact]
    public void ARunGoesOnWithoutTheWeightsFileThatItStartedFrom()
    {
        using var folder = new TemporaryFolder();
        CommandLine.Run(SmallRun.Train(folder["first"], steps: 3)).Expect(0);
        string weights = folder["weights.safetensors"];
        File.Copy(folder["first", "checkpoints", "model.safetensors"], weights);
        CommandLine.Run([.. SmallRun.Train(folder["second"], steps: 3), "--weights", weights]).Expect(0);
        File.Delete(weights);
        CommandLine.Run("resume", folder["second"], "--steps", "5").Expect(0);
    }
}
