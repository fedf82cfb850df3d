using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary><c>opsig report</c>.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder; the run may still be going on." };
        Option<int> randomSamples = AnalysisOptions.RandomSamples();
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "report",
            "Analyses a run at its last checkpoint and writes report.html.\nExample: opsig report runs/demo");
        command.Arguments.Add(folder);
        command.Options.Add(randomSamples);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using Run run = Run.Inspect(parsed.GetValue(folder)!);
            GroupsRecord groups = RunAnalysis.Analyze(run, parsed.GetValue(randomSamples));
            RunSession.WriteReport(run, groups);
            return Summary.Print(run, null, groups, parsed.GetValue(json));
        });
        return command;
    }
}
