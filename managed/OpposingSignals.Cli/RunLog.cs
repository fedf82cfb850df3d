using System.Globalization;
using OpposingSignals.Runs;
using OpposingSignals.Training;
using Serilog;
using Serilog.Core;

namespace OpposingSignals.Cli;

/// <summary>
/// The log of a run. It never fails the run: a log that cannot be written ends early, and the run's files say more.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly Logger _log;

    public RunLog(RunFolder folder) =>
        _log = new LoggerConfiguration()
            .WriteTo.File(folder.Log, formatProvider: CultureInfo.InvariantCulture)
            .CreateLogger();

    public void Started(Run run) => _log.Information(
        "Run {Model} on {Data} from step {Step} on {Device}",
        run.Objects.Configuration.Model, run.Objects.Configuration.Data, run.Trainer.Step,
        run.Objects.Device.Description);

    public void Trained(Run run, TrainingOutcome outcome) =>
        _log.Information("Training ended at step {Step}: {Outcome}", run.Trainer.Step, outcome);

    public void Reported(Run run, GroupsRecord groups) =>
        _log.Information("Found {Pairs} opposing pairs; report at {Report}", groups.Pairs.Count, run.Folder.Report);

    public void Dispose()
    {
        try
        {
            _log.Dispose();
        }
        catch (IOException)
        {
            // Serilog keeps failures of single events to itself, but closing flushes once more.
        }
    }
}
