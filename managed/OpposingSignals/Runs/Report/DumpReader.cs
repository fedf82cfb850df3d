using System.Collections.Immutable;
using OpposingSignals.Outliers;

namespace OpposingSignals.Runs.Report;

/// <summary>Reads the largest movers of chosen steps, and the losses of groups that were given.</summary>
internal static class DumpReader
{
    // Rosenfeld and Risteski (arXiv 2311.04163) follow twenty samples of a group.
    private const int Followed = 20;

    /// <summary>The dumps of the steps that the run asks for and has taken.</summary>
    /// <param name="run">The run.</param>
    /// <param name="sample">Describes a sample: its index, its loss change, its rank.</param>
    public static ImmutableArray<ReportDump> Read(Run run, Func<int, double, int, ReportSample> sample)
    {
        IReadOnlyList<long> wanted = run.Objects.Configuration.DumpSteps ?? [];
        if (wanted.Count == 0 || !File.Exists(run.Folder.Movers))
        {
            return [];
        }

        MetricsTable movers = MetricsFile.Read(run.Folder.Movers);
        return
        [
            .. wanted.Select(step => (Step: step, Row: movers.Steps.ToList().IndexOf(step)))
                .Where(found => found.Row >= 0)
                .Select(found => new ReportDump(found.Step, List("riser", found.Row), List("faller", found.Row))),
        ];

        ReportCamp List(string kind, int row)
        {
            var samples = ImmutableArray.CreateBuilder<ReportSample>();
            for (int rank = 1; movers.Columns.ContainsKey($"{kind}_{rank}"); rank++)
            {
                if (movers[$"{kind}_{rank}"][row] is { } index && movers[$"{kind}_{rank}_change"][row] is { } change)
                {
                    samples.Add(sample((int)index, change, rank - 1));
                }
            }

            return new ReportCamp
            {
                Samples = samples.ToImmutable(),
                Loss = MeanLosses(run, [.. samples.Take(Followed).Select(member => member.Index)]),
            };
        }
    }

    /// <summary>The groups that the run was told to follow.</summary>
    public static ImmutableArray<ReportGroup> Groups(Run run) =>
        [.. (run.Objects.Configuration.Follow ?? []).Select(group =>
            new ReportGroup(group.Name, group.Samples.Count, MeanLosses(run, [.. group.Samples])))];

    private static ReportSeries MeanLosses(Run run, int[] samples)
    {
        LossHistory history = run.Trainer.History;
        return samples.Length == 0
            ? ReportSeries.Empty
            : new ReportSeries(
                [.. Enumerable.Range(0, history.Count).Select(history.StepAt)], [.. history.MeanLosses(samples)]);
    }
}
