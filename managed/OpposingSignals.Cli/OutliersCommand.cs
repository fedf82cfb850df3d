using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary><c>opsig outliers</c>.</summary>
internal static class OutliersCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder; the run may still be going on." };
        var others = new Argument<string[]>("others")
        {
            Description = "Further runs on the same data, of other seeds or networks, that were looked at before: are their pairs the same?",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<int> randomSamples = AnalysisOptions.RandomSamples();
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "outliers",
            "Finds the opposing groups of a run at its last checkpoint and says what each carries of the sharpness.\n" +
            "Example: opsig outliers runs/demo --json");
        command.Arguments.Add(folder);
        command.Arguments.Add(others);
        command.Options.Add(randomSamples);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(others) is { Length: > 0 } compared)
            {
                return StabilitySummary.Print(parsed.GetValue(folder)!, compared, parsed.GetValue(json));
            }

            using Run run = Run.Inspect(parsed.GetValue(folder)!);
            return Summary.Print(run, null, RunAnalysis.Analyze(run, parsed.GetValue(randomSamples)), parsed.GetValue(json));
        });
        return command;
    }
}
