using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>A run with a damaged file is refused in one line and left as it is.</summary>
public sealed class DamagedRunTests(FinishedRun finished) : IClassFixture<FinishedRun>
{
    public static TheoryData<string, string> Damages => new()
    {
        { "run.json", "" },
        { "run.json", "{" },
        { "run.json", "[]" },
        { "run.json", "{ \"model\": null, \"data\": \"planted:60\", \"stepSize\": 0.1 }" },
        { "run.json", "{ \"model\": \"linear\", \"data\": \"planted:60\", \"stepSize\": \"NaN\" }" },
        { "run.json", "{ \"model\": \"linear\", \"data\": \"planted:60\", \"stepSize\": 0.1, \"precision\": 7 }" },
        { "run.json", "{ \"model\": \"mlp:5:tanh\", \"data\": \"planted:60\", \"loss\": \"mse\", \"stepSize\": 0.1 }" },
        { "metrics.csv", "" },
        { "metrics.csv", "step,loss\n0,1\n" },
        { "eigen/ritz.csv", "step,value_1,residual_1\n" },
        { "samples/losses.f32", "abcd" },
        { "checkpoints/state.safetensors", "" },
        { "checkpoints/state.safetensors", "something else altogether" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void ADamagedFileIsNamed(string file, string content)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(finished.CopyTo(folder["run"]), file);
        File.WriteAllText(path, content);
        CommandLine.Run("resume", folder["run"], "--steps", "30").OneLine(2);
        Assert.Equal(content, File.ReadAllText(path));
    }

    [Fact]
    public void MissingOrShortenedFilesAreNamed()
    {
        using var folder = new TemporaryFolder();
        string run = finished.CopyTo(folder["run"]);
        foreach (string file in (string[])["metrics.csv", "eigen/ritz.csv", "samples/movers.csv", "samples/losses.f32", "checkpoints/state.safetensors"])
        {
            string path = Path.Combine(run, file);
            byte[] whole = File.ReadAllBytes(path);
            File.WriteAllBytes(path, whole[..^50]);
            Assert.Contains(file, CommandLine.Run("resume", run, "--steps", "30").OneLine(2), StringComparison.Ordinal);
            File.WriteAllBytes(path, whole);
        }

        string metrics = Path.Combine(run, "metrics.csv");
        File.Move(metrics, metrics + ".away");
        Assert.Contains(
            "metrics.csv", CommandLine.Run("resume", run, "--steps", "30").OneLine(2), StringComparison.Ordinal);
        File.Move(metrics + ".away", metrics);

        // With everything back, nothing was lost.
        CommandLine.Run("resume", run, "--steps", "30").Expect(0);
    }
}
