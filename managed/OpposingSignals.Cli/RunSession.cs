using System.Runtime.InteropServices;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Report;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary>Trains a run under the eyes of a person: plan, progress, log, signals, analysis, report.</summary>
internal static class RunSession
{
    public static int Execute(Run run, bool json, bool watch = false)
    {
        using var log = new RunLog(run.Folder);
        Console.Error.WriteLine(run.Objects.Network.Describe());
        Console.Error.WriteLine(
            $"{run.Objects.Device.Description}, {run.Objects.Configuration.Precision.ToString().ToLowerInvariant()}");
        Console.Error.WriteLine(run.Objects.Objective.Plan);
        Console.Error.WriteLine($"run folder: {run.Folder.Root}");
        log.Started(run);
        TrainingOutcome outcome = Train(run, watch);
        log.Trained(run, outcome);
        switch (outcome)
        {
            case TrainingOutcome.Interrupted:
                Console.Error.WriteLine(
                    $"Interrupted before step {run.Trainer.Step}. Go on with: opsig resume {run.Folder.Root}");
                return ExitStatus.Interrupted;
            case TrainingOutcome.Diverged:
                Console.Error.WriteLine(
                    $"opsig: training diverged at step {run.Trainer.Step}: loss or curvature is no longer finite. " +
                    (run.Trainer.LastGood is null
                        ? "No step was good: look at the data and the start values."
                        : $"The last good weights are in {run.Folder.LastGood}. Use a smaller --lr."));
                return ExitStatus.Failed;
            default:
                GroupsRecord groups = RunAnalysis.Analyze(run);
                WriteReport(run, groups);
                log.Reported(run, groups);
                return Summary.Print(run, outcome, groups, json);
        }
    }

    public static void WriteReport(Run run, GroupsRecord groups) =>
        HtmlReport.Write(run.Folder.Report, ReportBuilder.Build(run, groups));

    // Signals are caught while there is a step to finish and a checkpoint to write; afterwards they end the process as
    // usual.
    private static TrainingOutcome Train(Run run, bool watch)
    {
        using var stop = new CancellationTokenSource();
        void Interrupt(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using PosixSignalRegistration onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var progress = new TrainingProgress(run.Trainer.Step, run.Objects.Configuration, watch);
        return run.Train(progress.Show, stop.Token);
    }
}
