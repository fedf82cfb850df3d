using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary><c>opsig outliers</c>.</summary>
internal static class OutliersCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder; the run may still be going on." };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "outliers",
            "Finds the opposing groups of a run at its last checkpoint and says what each carries of the sharpness.\n" +
            "Example: opsig outliers runs/demo --json");
        command.Arguments.Add(folder);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using Run run = Run.Inspect(parsed.GetValue(folder)!);
            return Summary.Print(run, null, RunAnalysis.Analyze(run), parsed.GetValue(json));
        });
        return command;
    }
}
