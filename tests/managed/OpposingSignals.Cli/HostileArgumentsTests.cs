using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>Whatever is wrong with a command line gives one line, status 2, and no folder.</summary>
public sealed class HostileArgumentsTests
{
    private static readonly string[] Good =
        ["--model", "mlp:4:tanh", "--data", "planted:50", "--loss",
            "mse", "--lr", "0.1", "--steps", "2", "--threads", "1"];

    [Theory]
    [InlineData("--model", "nothing", "'nothing' is not a model")]
    [InlineData("--model", "mlp:4:sine", "'sine' is not an activation")]
    [InlineData("--model", "mlp:99999999999:tanh", "is not a width")]
    [InlineData("--model", "mlp:1048576,1048576:tanh", "budget")]
    [InlineData("--model", "cnn:4,4,4,4,4:relu:maxpool", "does not fit")]
    [InlineData("--data", "nothing", "'nothing' is not a data set")]
    [InlineData("--data", "planted:2000000000", "too many")]
    [InlineData("--data", "planted:0", "too few")]
    [InlineData("--data", "chebyshev:3:2000000000", "points")]
    [InlineData("--data", "arrays:", "arrays:FILE.safetensors")]
    [InlineData("--data", "arrays:nowhere.safetensors", "nowhere.safetensors")]
    [InlineData("--data", "cifar10", "not found")]
    [InlineData("--data-dir", "", "--data-dir is empty")]
    [InlineData("--normalization", "whitened", "'whitened'")]
    [InlineData("--loss", "hinge", "hinge")]
    [InlineData("--loss", "ce:1", "smoothing")]
    [InlineData("--loss", "ce:much", "'much'")]
    [InlineData("--freeze", "9.weight", "'9.weight'")]
    [InlineData("--freeze", "*", "nothing is left")]
    [InlineData("--data", "text:", "text:FILE")]
    [InlineData("--data", "text:nowhere.txt", "nowhere.txt")]
    [InlineData("--model", "vit:0:1:8:2", "'0'")]
    [InlineData("--model", "gpt:1:8:2", "tokens")]
    [InlineData("--init", "zeros", "'zeros'")]
    [InlineData("--init", "xavier-normal:-1", "'-1' is not a positive gain")]
    [InlineData("--weights", "", "--weights is empty")]
    [InlineData("--weights", "nowhere.safetensors", "nowhere.safetensors")]
    [InlineData("--device", "cuda9", "'cuda9'")]
    [InlineData("--precision", "half", "'half'")]
    [InlineData("--seed", "-1", "--seed")]
    [InlineData("--lr", "0", "positive")]
    [InlineData("--optimizer", "adam:2", "below 1")]
    [InlineData("--optimizer", "", "Choose one of gd")]
    [InlineData("--lr", "-0.1", "positive")]
    [InlineData("--lr", "NaN", "positive")]
    [InlineData("--lr", "Infinity", "positive")]
    [InlineData("--lr", "1e999", "positive")]
    [InlineData("--lr", "fast", "'fast'")]
    [InlineData("--lr", "0,05", "'0,05'")]
    [InlineData("--steps", "-1", "steps")]
    [InlineData("--steps", "1.5", "'1.5'")]
    [InlineData("--stop-accuracy", "NaN", "accuracy")]
    [InlineData("--eigs", "0", "eigenvalues")]
    [InlineData("--eig-tol", "NaN", "tolerance")]
    [InlineData("--threads", "-1", "Threads")]
    [InlineData("--threads", "100000", "threads")]
    [InlineData("--micro-batch", "-1", "micro-batch")]
    [InlineData("--checkpoint-every", "-1", "checkpoint")]
    [InlineData("--memory", "-1", "memory")]
    [InlineData("--out", "", "folder is empty")]
    [InlineData("--no-such-option", "1", "--no-such-option")]
    public void AWrongArgumentIsNamed(string option, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        string[] arguments = ["train", .. With(option, value, run)];
        Assert.Contains(expected, CommandLine.Run(arguments).OneLine(2), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("mlp:4:tanh", "chebyshev:3:20", "ce", "Use the loss mse")]
    [InlineData("cnn:4:relu:maxpool", "chebyshev:3:20", "mse", "does not fit")]
    public void PartsThatDoNotFitEachOtherAreRefused(string model, string data, string loss, string expected)
    {
        using var folder = new TemporaryFolder();
        CommandResult result = CommandLine.Run(
            "train", "--model", model, "--data", data, "--loss", loss, "--lr", "0.1", "--out", folder["run"]);
        Assert.Contains(expected, result.OneLine(2), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void ATestSetThatDoesNotFitTheMemoryIsFoundBeforeThereIsAFolder()
    {
        using var folder = new TemporaryFolder();
        string data = folder["wide.safetensors"];
        HostileFile.Arrays(data, samples: 2, testSamples: 300_000);
        CommandResult result = CommandLine.Run(
            "train", "--model", "linear", "--data", $"arrays:{data}", "--loss", "mse", "--lr", "0.1", "--threads", "1",
            "--memory", "1", "--out", folder["run"]);
        Assert.Contains("budget", result.OneLine(2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nowhere")]
    public void AVerbForARunNeedsOne(string run)
    {
        foreach (string verb in (string[])["resume", "outliers", "report"])
        {
            CommandLine.Run(verb, run).OneLine(2);
        }

        Assert.False(Directory.Exists("nowhere"));
    }

    [Fact]
    public void AFolderWithARunIsNotOverwritten()
    {
        using var folder = new TemporaryFolder();
        string[] train = ["train", .. Good, "--out", folder["run"]];
        CommandLine.Run(train).Expect(0);
        byte[] metrics = File.ReadAllBytes(folder["run", "metrics.csv"]);
        Assert.Contains("holds a run already", CommandLine.Run(train).OneLine(2), StringComparison.Ordinal);
        Assert.Equal(metrics, File.ReadAllBytes(folder["run", "metrics.csv"]));
    }

    [Fact]
    public void AnUnknownVerbIsNamed() =>
        Assert.Contains("'tarin'", CommandLine.Run("tarin").OneLine(2), StringComparison.Ordinal);

    // The good arguments with one of them replaced, or one more.
    private static string[] With(string option, string value, string run)
    {
        string[] all = [.. Good, "--out", run];
        int at = Array.IndexOf(all, option);

        // An empty value must stand alone, one that begins with a minus must not.
        string[] replaced = value.Length == 0 ? [option, value] : [$"{option}={value}"];
        return at < 0 ? [.. all, .. replaced] : [.. all[..at], .. replaced, .. all[(at + 2)..]];
    }
}
