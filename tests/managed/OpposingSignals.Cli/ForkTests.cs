using System.Text.Json;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

[Collection(CommandLineCollection.Name)]
public sealed class ForkTests(FinishedRun finished) : IClassFixture<FinishedRun>
{
    [Fact]
    public void BothBranchesStartAtTheSameWeightsAndTheParentIsNotTouched()
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]), fork = folder["fork"];
        byte[] state = File.ReadAllBytes(Path.Combine(run, "checkpoints", "state.safetensors"));
        CommandResult result = CommandLine.Run(
            "fork", run, "--drop", "random:6:1", "--steps", "3", "--eig-every", "1", "--out", fork, "--json").Expect(0);
        using var document = JsonDocument.Parse(result.Output);
        Assert.Equal(5, document.RootElement.GetProperty("step").GetInt64());
        Assert.Equal(state, File.ReadAllBytes(Path.Combine(run, "checkpoints", "state.safetensors")));
        Assert.True(File.Exists(Path.Combine(fork, "report.html")));

        // The branch that goes on as before has the loss of the parent at the step it was forked at.
        string parentLoss = SmallRun.Column(run, "loss")[^1];
        Assert.Equal(parentLoss, SmallRun.Column(Path.Combine(fork, "control"), "loss")[0]);
        Assert.NotEqual(parentLoss, SmallRun.Column(Path.Combine(fork, "changed"), "loss")[0]);
    }

    [Fact]
    public void TheBranchAsBeforeOfAnEarlierForkIsTakenIfItIsTheSame()
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]);
        string[] steps = ["--steps", "3", "--eig-every", "0"];
        CommandLine.Run(["fork", run, "--drop", "1", "--out", folder["first"], .. steps]).Expect(0);
        CommandLine.Run(["fork", run, "--drop", "2", "--out", folder["second"], "--control", folder["first"], .. steps])
            .Expect(0);
        Assert.False(Directory.Exists(Path.Combine(folder["second"], "control")));
        Assert.Equal(Control(folder["first"], "sharpness"), Control(folder["second"], "sharpness"));
        Assert.Equal(Control(folder["first"], "loss"), Control(folder["second"], "loss"));
        CommandResult other = CommandLine.Run(
            "fork", run, "--drop", "2", "--out", folder["third"], "--control", folder["first"], "--steps", "4",
            "--eig-every", "0");
        Assert.Contains("Leave --control out", other.Expect(2).Error, StringComparison.Ordinal);

        static double Control(string fork, string name)
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(fork, "fork.json")));
            return document.RootElement.GetProperty("control").GetProperty(name).GetDouble();
        }
    }

    [Fact]
    public void AnotherStepSizeChangesTheSecondBranchAlone()
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]), fork = folder["fork"];
        CommandLine.Run("fork", run, "--lr", "0.01", "--steps", "2", "--eig-every", "0", "--out", fork).Expect(0);
        string[] control = SmallRun.Column(Path.Combine(fork, "control"), "loss");
        string[] changed = SmallRun.Column(Path.Combine(fork, "changed"), "loss");
        Assert.Equal(control[0], changed[0]);
        Assert.NotEqual(control[1], changed[1]);
    }

    [Fact]
    public void TheOptimizerCanBeSwitchedAndTheOtherBranchKeepsItsMemory()
    {
        using var folder = new TemporaryFolder();
        string[] rule = ["--optimizer", "momentum"];
        CommandLine.Run([.. SmallRun.Train(folder["run"], steps: 4), .. rule]).Expect(0);
        CommandLine.Run([.. SmallRun.Train(folder["longer"], steps: 7), .. rule]).Expect(0);
        CommandResult fork = CommandLine.Run(
            "fork", folder["run"], "--optimizer", "adam", "--lr", "0.001", "--steps", "3", "--eig-every", "1",
            "--out", folder["fork"]).Expect(0);
        Assert.Contains("optimiser adam", fork.Output, StringComparison.Ordinal);
        string[] control = SmallRun.Column(folder["fork", "control"], "loss");
        string[] changed = SmallRun.Column(folder["fork", "changed"], "loss");
        Assert.Equal(SmallRun.Column(folder["longer"], "loss")[4..], control);
        Assert.Equal(control[0], changed[0]);
        Assert.NotEqual(control[1], changed[1]);

        // Each branch over the threshold of its own optimiser.
        Assert.Contains(
            "stability threshold", File.ReadAllText(folder["fork", "report.html"]), StringComparison.Ordinal);
    }

    [Fact]
    public void SamplesThatWeighNothingAreAsIfDropped()
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]);
        string[] steps = ["--steps", "3", "--eig-every", "0"];
        CommandLine.Run(["fork", run, "--drop", "random:6:1", "--out", folder["dropped"], .. steps]).Expect(0);
        CommandLine.Run(["fork", run, "--down-weight", "random:6:1:0", "--out", folder["weighed"], .. steps]).Expect(0);
        double[] dropped = Losses(folder["dropped"]), weighed = Losses(folder["weighed"]);
        Assert.All(dropped.Zip(weighed), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
        Assert.NotEqual(Losses(folder["dropped"], "control")[0], dropped[0], 1e-4);

        static double[] Losses(string fork, string branch = "changed") =>
            [.. SmallRun.Column(Path.Combine(fork, branch), "loss").Select(value =>
                double.Parse(value, System.Globalization.CultureInfo.InvariantCulture))];
    }

    [Theory]
    [InlineData("Nothing is changed")]
    [InlineData("Choose one of", "--drop", "1", "--isolate", "2")]
    [InlineData("Choose one of", "--relabel", "1")]
    [InlineData("NAME:WEIGHT", "--down-weight", "3,4")]
    [InlineData("Choose one of", "--drop", "1", "--down-weight", "2:0.5")]
    [InlineData("at least 0", "--down-weight", "2:-1")]
    [InlineData("random:COUNT", "--drop", "random:61")]
    [InlineData("'60'", "--drop", "3,60")]
    [InlineData("no samples 'Q'", "--drop", "Q")]
    [InlineData("no optimiser 'sgd'", "--optimizer", "sgd")]
    [InlineData("classes 0 to 9", "--relabel", "1", "--to", "10")]
    public void WhatCannotBeDoneIsOneLine(string words, params string[] change)
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]);
        CommandResult result = CommandLine.Run(["fork", run, "--out", folder["fork"], .. change]);
        Assert.Contains(words, result.OneLine(2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["fork"]));
    }
}
