namespace OpposingSignals.Tests.Support;

/// <summary>
/// A run that takes seconds and has every file that grows, and the comparison of what two of them left.
/// </summary>
internal static class SmallRun
{
    private static readonly string[] Files =
        ["checkpoints/model.safetensors", "metrics.csv", "eigen/ritz.csv", "samples/movers.csv", "samples/losses.f32"];

    /// <summary>Arguments of <c>opsig train</c>; later ones may be added, but not given twice.</summary>
    public static string[] Train(string folder, int steps, int checkpointEvery = 3) =>
    [
        "train", "--model", "mlp:4:tanh", "--data", "planted:60", "--loss", "mse", "--lr", "0.05", "--threads", "1",
        "--eigs", "2", "--test-every", "7", "--full-losses", "--steps", $"{steps}",
        "--checkpoint-every", $"{checkpointEvery}", "--out", folder,
    ];

    /// <summary>Asserts that two runs left the same bytes.</summary>
    public static void AssertSame(string expected, string actual)
    {
        foreach (string file in Files)
        {
            Assert.True(
                File.ReadAllBytes(Path.Combine(expected, file)).AsSpan().SequenceEqual(
                    File.ReadAllBytes(Path.Combine(actual, file))),
                $"{file} differs between {expected} and {actual}.");
        }
    }

    /// <summary>A column of a run's metrics as text, so that equal means the same bits.</summary>
    public static string[] Column(string folder, string name)
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(folder, "metrics.csv")).Select(line => line.Split(','))];
        int column = Array.IndexOf(rows[0], name);
        return [.. rows[1..].Select(row => row[column])];
    }
}
