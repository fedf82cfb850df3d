using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Documentation;

public sealed class ReadmeTests
{
    [Fact]
    public void TheExampleInTheReadmeIsTheOneThatCompiles()
    {
        string example = File.ReadAllText(
            Path.Combine(Repository.Root, "managed", "Examples", "TrackSharpness", "Program.cs"));
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.Contains($"```csharp\n{example.TrimEnd()}\n```", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFileThatTheReadmeLinksToIsThere()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        foreach (string target in readme.Split("](").Skip(1).Select(
            rest => rest[..rest.IndexOf(')', StringComparison.Ordinal)]))
        {
            if (!target.StartsWith("http", StringComparison.Ordinal))
            {
                Assert.True(File.Exists(Path.Combine(Repository.Root, target)), $"{target} is missing");
            }
        }
    }
}
