using System.Text.Json;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Report;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>A language model on a text file through the command line.</summary>
[Collection(CommandLineCollection.Name)]
public sealed class TextRunTests
{
    private const string Line = "To be, or not to be, that is the question.\n";

    [Fact]
    public void ALanguageModelTrainsAndIsMeasuredAndItsSamplesAreShownAsText()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["plays.txt"], string.Concat(Enumerable.Repeat(Line, 30)));
        string[] what = ["--model", "gpt:1:8:2", "--data", "text:plays.txt:12:40",
            "--data-dir", folder.Path, "--loss", "ce:0.1", "--threads", "1"];
        CommandLine.Run(["train", .. what, "--lr", "0.1", "--steps", "4", "--eig-every", "2", "--out", folder["run"]])
            .Expect(0);
        Assert.Equal(5, SmallRun.Column(folder["run"], "loss").Length);

        CommandResult result = CommandLine.Run(
            ["curvature", .. what, "--weights", Path.Combine(folder["run"], "checkpoints", "model.safetensors"), "--eigs", "2", "--json"]).Expect(0);
        using var measured = JsonDocument.Parse(result.Output);
        Assert.True(measured.RootElement.GetProperty("converged").GetBoolean());
        Assert.Equal(40, measured.RootElement.GetProperty("samples").GetInt32());
        Assert.Contains("label smoothing 0.1", result.Output, StringComparison.Ordinal);

        using Run run = Run.Inspect(folder["run"]);
        var camp = new CampRecord { Indices = [0, 3], Strengths = [2, 1], Alternation = 1 };
        ReportModel report = ReportBuilder.Build(run, new GroupsRecord
        {
            Step = 4,
            WindowFirst = 0,
            WindowLast = 4,
            Pairs =
            [
                new PairRecord
                {
                    Name = "A", TrajectoryOpposition = -1, EnergyShare = 1, SharpnessShare = 1, GradientCosine = -1, GradientProductAlongTop = -1,
                    Up = camp, Down = camp,
                },
            ],
        });
        ReportSample sample = report.Pairs!.Value[0].Up.Samples[1];
        Assert.Equal(string.Concat(Enumerable.Repeat(Line, 2)).Substring(36, 12).Replace("\n", "⏎\n", StringComparison.Ordinal), sample.Excerpt);
        Assert.Null(sample.Label);
        Assert.Null(sample.Prediction);
    }
}
