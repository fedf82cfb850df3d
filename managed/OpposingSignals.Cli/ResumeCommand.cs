using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary><c>opsig resume</c>.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder." };
        Option<long?> steps =
            new("--steps") { Description = "Take this many steps in all, instead of what the run was made with." };
        Option<bool> watch =
            new("--watch") { Description = "Show the leading pair of opposing groups and its losses as the run goes." };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "resume",
            "Goes on with a run that was interrupted, from its last checkpoint, as if it had never stopped.\n" +
            "Example: opsig resume runs/demo");
        command.Arguments.Add(folder);
        command.Options.Add(steps);
        command.Options.Add(watch);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using Run run = Run.Resume(
                parsed.GetValue(folder)!,
                kept => parsed.GetValue(steps) is { } more
                    ? kept with { Training = kept.Training with { Steps = more } } : kept);
            return RunSession.Execute(run, parsed.GetValue(json), parsed.GetValue(watch));
        });
        return command;
    }
}
