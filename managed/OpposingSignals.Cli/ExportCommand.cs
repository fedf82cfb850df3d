using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary><c>opsig export</c>: a run's metrics for other programs.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder; the run may still be going on." };
        Option<string> tensorBoard = RunOptions.Required<string>(
            "--tensorboard", "Folder, made if need be, for an event file with every column of the metrics.");
        var command = new Command(
            "export",
            "Writes a run's metrics for TensorBoard.\nExample: opsig export runs/demo --tensorboard logs/demo");
        command.Arguments.Add(folder);
        command.Options.Add(tensorBoard);
        command.SetAction(parsed =>
        {
            RunFolder run = RunFolder.At(parsed.GetValue(folder)!);
            run.ReadConfiguration();
            string target = RunFolder.At(parsed.GetValue(tensorBoard)!).Root;
            Directory.CreateDirectory(target);

            // One name for a run: exported again, it replaces the older file instead of standing beside it.
            string file = Path.Combine(target, $"events.out.tfevents.{Path.GetFileName(run.Root)}");
            TensorBoardEvents.Write(file, MetricsFile.Read(run.Metrics), File.GetCreationTimeUtc(run.Configuration));
            Console.Out.WriteLine(file);
            return ExitStatus.Done;
        });
        return command;
    }
}
