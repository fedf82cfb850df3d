using System.Text.Json;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

[Collection(CommandLineCollection.Name)]
public sealed class OutputTests
{
    [Fact]
    public void JsonIsOneObjectOnStandardOutputAndNothingElse()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        string[][] commands =
        [
            [.. SmallRun.Train(run, steps: 4), "--json"],
            ["resume", run, "--steps", "6", "--json"],
            ["outliers", run, "--json"],
            ["report", run, "--json"],
            ["curvature", "--model", "linear", "--data", "planted:50", "--threads", "1", "--json"],
        ];
        foreach (string[] command in commands)
        {
            CommandResult result = CommandLine.Run(command).Expect(0);

            // Throws on anything before or behind the object.
            using var document = JsonDocument.Parse(result.Output);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }

        string events = CommandLine.Run("export", run, "--tensorboard", folder["logs"]).Expect(0).Output.Trim();
        Assert.True(new FileInfo(events).Length > 0);
    }

    [Fact]
    public void AnAdaptiveRunIsHeldAgainstItsOwnThreshold()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        string[] train = [.. SmallRun.Train(run, steps: 4), "--optimizer", "rmsprop"];
        CommandResult trained = CommandLine.Run(train).Expect(0);
        Assert.Contains("The preconditioned sharpness", trained.Output, StringComparison.Ordinal);
        Assert.Contains("preconditioned sharpness", trained.Error, StringComparison.Ordinal);
        using var document = JsonDocument.Parse(CommandLine.Run("report", run, "--json").Expect(0).Output);
        Assert.Equal("preconditioned sharpness", document.RootElement.GetProperty("bounded_curvature").GetString());
        Assert.Equal("P^-1 H", document.RootElement.GetProperty("directions").GetString());

        // Both times up to a relative residual of 1e-3.
        double tracked = double.Parse(
            SmallRun.Column(run, "preconditioned_sharpness")[^1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(
            tracked, document.RootElement.GetProperty("preconditioned_sharpness").GetDouble(), 2e-3 * tracked);
        string report = File.ReadAllText(Path.Combine(run, "report.html"));
        Assert.Contains("share of preconditioned sharpness", report, StringComparison.Ordinal);
        Assert.Contains("curvature along the top eigenvector of P⁻¹H", report, StringComparison.Ordinal);
        Assert.DoesNotContain("the top eigenvector</th>", report, StringComparison.Ordinal);
        Assert.All(SmallRun.Column(run, "preconditioned_products"), products => Assert.NotEqual("", products));
    }

    [Fact]
    public void TheLargestMoversOfTheLastStepAreMeasured()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        string trained = CommandLine.Run([.. SmallRun.Train(run, steps: 6), "--json"]).Expect(0).Output;
        using var document = JsonDocument.Parse(trained);
        JsonElement movers = document.RootElement.GetProperty("movers").EnumerateArray().Last();
        Assert.Equal(6, movers.GetProperty("taken_at").GetInt64());
        Assert.InRange(movers.GetProperty("up").GetArrayLength(), 1, 20);
        Assert.True(movers.GetProperty("checks").GetProperty("gradient_norm").GetProperty("random_95").GetDouble() > 0);
        Assert.Contains(
            "at least 1", CommandLine.Run("outliers", run, "--random", "0").Expect(2).Error, StringComparison.Ordinal);
        using var few = JsonDocument.Parse(
            CommandLine.Run("report", run, "--random", "7", "--json").Expect(0).Output);
        JsonElement norms = few.RootElement.GetProperty("movers").EnumerateArray().Last().GetProperty("checks")
            .GetProperty("gradient_norm");
        Assert.Equal(7, norms.GetProperty("random_samples").GetInt32());
        Assert.Equal(JsonValueKind.Null, norms.GetProperty("random_95_high").ValueKind);
        using var all = JsonDocument.Parse(
            CommandLine.Run("outliers", run, "--random", "1000000", "--json").Expect(0).Output);
        JsonElement exact = all.RootElement.GetProperty("movers").EnumerateArray().Last().GetProperty("checks")
            .GetProperty("curvature_along_top");
        Assert.Equal(exact.GetProperty("random_95").GetDouble(), exact.GetProperty("random_95_low").GetDouble());
        Assert.Equal(exact.GetProperty("random_95").GetDouble(), exact.GetProperty("random_95_high").GetDouble());
        Assert.Contains(
            "against 7 random samples", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        JsonElement composition = document.RootElement.GetProperty("composition");
        Assert.InRange(
            composition.GetProperty("half_carried_by").GetInt32(), 1, composition.GetProperty("samples").GetInt32());
        Assert.Contains(
            "The largest movers", File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        Assert.Contains(
            "half of it lies in", CommandLine.Run("outliers", run).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void BatchStatisticsAreNamedWithEveryNumber()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        string[] network =
            ["--model", "resnet20:2", "--data", "planted:24", "--threads", "1", "--micro-batch", "8", "--json"];
        CommandResult trained = CommandLine.Run(
            ["train", "--lr", "0.01", "--steps", "70", "--eig-every", "35", "--out", run, .. network]).Expect(0);
        CommandResult measured =
            CommandLine.Run(["curvature", "--test", "--eigs", "1", "--eig-tol", "0.01", .. network])
            .Expect(0);
        foreach (CommandResult result in (CommandResult[])[trained, measured])
        {
            using var document = JsonDocument.Parse(result.Output);
            Assert.Equal("train", document.RootElement.GetProperty("batch_norm").GetString());
            Assert.Equal(8, document.RootElement.GetProperty("ghost_batch").GetInt32());
        }

        Assert.Contains("batch statistics of 8 samples each",
            File.ReadAllText(Path.Combine(run, "report.html")), StringComparison.Ordinal);
        using var groups = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "samples", "groups.json")));
        Assert.True(groups.RootElement.GetProperty("samplesInEvaluationMode").GetBoolean());
        using var curvature = JsonDocument.Parse(measured.Output);
        Assert.InRange(curvature.RootElement.GetProperty("test").GetProperty("correct").GetInt32(), 0, int.MaxValue);

        CommandLine.Run(["curvature", .. network, "--batch-norm", "sometimes"]).Expect(2);
    }

    [Fact]
    public void MoversOfChosenStepsAndGroupsGivenByHandAreInTheReportAndRunsAreCompared()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["mine.txt"], "3, 5\n7\n");
        string run = folder["run"], other = folder["other"];
        CommandLine.Run([.. SmallRun.Train(run, steps: 70), "--dump-steps", "2,60,900", "--follow", folder["mine.txt"]])
            .Expect(0);
        string page = File.ReadAllText(Path.Combine(run, "report.html"));
        Assert.Contains("<h3>Step 60</h3>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<h3>Step 900</h3>", page, StringComparison.Ordinal);
        Assert.Contains("mine (3 samples)", page, StringComparison.Ordinal);

        CommandLine.Run([.. SmallRun.Train(other, steps: 70), "--seed", "1"]).Expect(0);
        using var compared = JsonDocument.Parse(CommandLine.Run("outliers", run, other, "--json").Expect(0).Output);
        Assert.Equal(60, compared.RootElement.GetProperty("samples").GetInt32());
        Assert.Equal(1, compared.RootElement.GetProperty("comparisons").GetArrayLength());

        File.WriteAllText(folder["wrong.txt"], "3 60");
        foreach (string[] wrong in (string[][])[["--follow", folder["wrong.txt"]], ["--follow", folder["none.txt"]], ["--dump-steps", "0"]])
        {
            CommandLine.Run([.. SmallRun.Train(folder["refused"], steps: 2), .. wrong]).OneLine(2);
        }
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("train")]
    [InlineData("resume")]
    [InlineData("curvature")]
    [InlineData("outliers")]
    [InlineData("report")]
    [InlineData("export")]
    public void HelpShowsAnExampleOfTheVerb(string verb)
    {
        CommandResult result = CommandLine.Run(verb, "--help").Expect(0);
        Assert.Equal("", result.Error);
        Assert.Contains($"Example: opsig {verb}", result.Output, StringComparison.Ordinal);
        Assert.Contains($"  {verb} ", CommandLine.Run("--help").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ADivergingRunSaysSoAndLeavesWeightsToStartFrom()
    {
        using var folder = new TemporaryFolder();
        string[] With(string rate, string run) =>
        [
            "train", "--model", "mlp:4:tanh", "--data", "planted:60", "--loss", "mse", "--lr", rate, "--steps", "60",
            "--threads", "1", "--json", "--out", run,
        ];
        CommandResult result = CommandLine.Run(With("1e6", folder["run"])).Expect(1);
        Assert.Equal("", result.Output);
        Assert.Contains("diverged at step", Assert.Single(result.Complaints), StringComparison.Ordinal);
        string weights = folder["run", "checkpoints", "last-good.safetensors"];
        Assert.Contains(weights, result.Error, StringComparison.Ordinal);
        CommandLine.Run([.. With("1e-30", folder["again"]), "--weights", weights, "--eig-every", "0"]).Expect(0);
    }

    [Fact]
    public void WeightsFromWhichNothingIsFiniteDivergeAtOnce()
    {
        using var folder = new TemporaryFolder();
        string weights = folder["weights.safetensors"];
        var weight = new HostTensor(ElementType.Float64, 1, 1);
        weight.AsSpan<double>()[0] = 1e300;
        SafeTensors.Write(
            weights, [new("0.weight", weight), new("0.bias", new HostTensor(ElementType.Float64, 1))]);
        string[] run =
            ["--model", "linear", "--data", "chebyshev:3:20", "--loss", "mse", "--threads", "1", "--weights", weights];
        CommandResult result = CommandLine.Run(["train", "--lr", "0.1", "--out", folder["run"], .. run]).Expect(1);
        string line = Assert.Single(result.Complaints);
        Assert.Contains("No step was good", line, StringComparison.Ordinal);
        result = CommandLine.Run(["curvature", "--json", .. run]).Expect(2);
        Assert.Contains("not finite", Assert.Single(result.Complaints), StringComparison.Ordinal);
    }
}
