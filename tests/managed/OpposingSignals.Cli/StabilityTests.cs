using System.Text.Json;
using System.Text.Json.Nodes;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary><c>opsig outliers RUN1 RUN2</c>: the pairs of a run beside those of another on the same data.</summary>
[Collection(CommandLineCollection.Name)]
public sealed class StabilityTests(FinishedRun finished) : IClassFixture<FinishedRun>
{
    [Fact]
    public void PairsOfTwoRunsAreMatchedBySamplesWhateverTheirNamesAndSides()
    {
        using var folder = new TemporaryFolder();
        string first =
            WithPairs(finished.CopyTo(folder["first"]), ("A", [1, 2, 3], [4, 5, 6]), ("B", [11, 12], [13, 14]));
        string second =
            WithPairs(finished.CopyTo(folder["second"]), ("A", [21, 22], [23, 24]), ("B", [4, 5, 6], [1, 2, 7]));
        CommandResult result = CommandLine.Run("outliers", first, second, "--json").Expect(0);
        using var document = JsonDocument.Parse(result.Output);
        JsonElement comparison = Assert.Single(document.RootElement.GetProperty("comparisons").EnumerateArray());
        JsonElement match = Assert.Single(comparison.GetProperty("matches").EnumerateArray());
        Assert.Equal("A", match.GetProperty("first").GetString());
        Assert.Equal("B", match.GetProperty("second").GetString());
        Assert.Equal(5.0 / 7, match.GetProperty("overlap").GetDouble(), 1e-12);
        Assert.Equal(1, match.GetProperty("sides_agree").GetDouble());
        Assert.Contains("A is B: overlap 0.71",
            CommandLine.Run("outliers", first, second).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void RunsOnOtherDataAreNotCompared()
    {
        using var folder = new TemporaryFolder();
        string first = finished.CopyTo(folder["first"]), second = finished.CopyTo(folder["second"]);
        string configuration = Path.Combine(second, "run.json");
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace(
            "planted:60", "planted:80", StringComparison.Ordinal));
        Assert.Contains(
            "same samples", CommandLine.Run("outliers", first, second).OneLine(2), StringComparison.Ordinal);
    }

    private static string WithPairs(string run, params (string Name, int[] Up, int[] Down)[] pairs)
    {
        string path = Path.Combine(run, "samples", "groups.json");
        JsonNode groups = JsonNode.Parse(File.ReadAllText(path))!;
        groups["pairs"] = new JsonArray([.. pairs.Select(pair => new JsonObject
        {
            ["name"] = pair.Name,
            ["trajectoryOpposition"] = -1,
            ["energyShare"] = 1,
            ["sharpnessShare"] = 1,
            ["gradientCosine"] = -1,
            ["gradientProductAlongTop"] = -1,
            ["up"] = Camp(pair.Up),
            ["down"] = Camp(pair.Down),
        })]);
        File.WriteAllText(path, groups.ToJsonString());
        return run;
    }

    private static JsonObject Camp(int[] samples) => new()
    {
        ["indices"] = new JsonArray([.. samples.Select(sample => JsonValue.Create(sample))]),
        ["strengths"] = new JsonArray([.. samples.Select(_ => JsonValue.Create(1.0))]),
        ["alternation"] = 1,
    };
}
