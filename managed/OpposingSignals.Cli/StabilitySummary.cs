using System.Globalization;
using System.Text.Json.Nodes;
using OpposingSignals.Outliers;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary>The pairs of a run beside those of other runs on the same data.</summary>
internal static class StabilitySummary
{
    public static int Print(string run, IReadOnlyList<string> others, bool json)
    {
        RunFolder first = RunFolder.At(run);
        RunConfiguration configuration = first.ReadConfiguration();
        GroupsRecord groups = GroupsRecord.Read(first);
        int samples;
        using (var objects = Run.Inspect(run))
        {
            samples = objects.Objects.Objective.SampleCount;
        }

        var comparisons = new JsonArray();
        foreach (string other in others)
        {
            RunFolder folder = RunFolder.At(other);
            RunConfiguration compared = folder.ReadConfiguration();
            if (compared.Data != configuration.Data || compared.Intervention is not null
                || configuration.Intervention is not null)
            {
                throw new InputException(
                    $"{run} and {other} are not runs on the same samples: {configuration.Data} and {compared.Data}, all of them.");
            }

            GroupsRecord found = GroupsRecord.Read(folder);
            IReadOnlyList<PairMatch> matches = GroupStability.Match(Samples(groups), Samples(found), samples);
            comparisons.Add(Describe(other, matches, groups, found));
            if (!json)
            {
                Write(run, other, matches, groups, found);
            }
        }

        if (json)
        {
            Console.Out.WriteLine(new JsonObject { ["run"] = first.Root, ["samples"] = samples, ["comparisons"] = comparisons }.ToJsonString());
        }

        return ExitStatus.Done;
    }

    private static PairSamples[] Samples(GroupsRecord groups) =>
        [.. groups.Pairs.Select(pair => new PairSamples(pair.Up.Indices, pair.Down.Indices))];

    private static void Write(
        string run, string other, IReadOnlyList<PairMatch> matches, GroupsRecord groups, GroupsRecord found)
    {
        Console.Out.WriteLine($"{run} ({groups.Pairs.Count} pairs at step {groups.Step}) beside {other} ({found.Pairs.Count} pairs at step {found.Step}):");
        if (matches.Count == 0)
        {
            Console.Out.WriteLine("  no pair of one has samples of a pair of the other.");
        }

        foreach (PairMatch match in matches)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {groups.Pairs[match.First].Name} is {found.Pairs[match.Second].Name}: overlap {match.Overlap:F2} (by chance {match.ExpectedByChance:F3}, p at most {match.Probability:G2}), sides agree for {match.SidesAgree:P0} of the common samples"));
        }
    }

    private static JsonObject Describe(string other, IReadOnlyList<PairMatch> matches, GroupsRecord groups, GroupsRecord found) => new()
    {
        ["run"] = RunFolder.At(other).Root,
        ["matches"] = new JsonArray([.. matches.Select(match => new JsonObject
        {
            ["first"] = groups.Pairs[match.First].Name,
            ["second"] = found.Pairs[match.Second].Name,
            ["overlap"] = match.Overlap,
            ["by_chance"] = match.ExpectedByChance,
            ["p"] = match.Probability,
            ["sides_agree"] = match.SidesAgree,
        })]),
    };
}
