using System.Diagnostics;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// A training run in a folder. A kill at any instant leaves a folder that resumes, and the resumed run ends with the weights
/// and metrics of the one that was never interrupted, bit for bit.
/// </summary>
public sealed class Run : IDisposable
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(1);

    private readonly RunObjects _objects;
    private readonly Curvature.Objective? _test;
    private readonly RunRecords? _records;

    private Run(RunFolder folder, RunObjects objects, bool resumes, bool writes = true)
    {
        Folder = folder;
        _objects = objects;
        _test = objects.Data.Test is { } test && objects.Configuration.Training.TestEvery > 0
            ? objects.ObjectiveOf(test, forwardOnly: true)
            : null;
        Trainer = new Trainer(
            objects.Objective,
            _test,
            new GradientDescent(objects.Configuration.StepSize),
            objects.InitialParameters(),
            objects.Configuration.Training);
        if (resumes && File.Exists(folder.State))
        {
            Checkpoint.Restore(folder.State, Trainer);
        }

        _records = !writes ? null : new RunRecords(folder, objects.Configuration, objects.Objective.SampleCount, Trainer.Samples.LastStep);
    }

    /// <summary>Where the run's files are.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the configuration named.</summary>
    public RunObjects Objects => _objects;

    /// <summary>The training loop and its state.</summary>
    public Trainer Trainer { get; }

    /// <summary>Starts a run in a folder that holds none.</summary>
    /// <exception cref="InputException">The configuration is wrong, or the folder holds a run.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Run Create(string root, RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var folder = new RunFolder(Path.GetFullPath(root));
        if (File.Exists(folder.Configuration))
        {
            folder.Create();
        }

        // Everything that can be wrong is found before the first file is written.
        var objects = new RunObjects(configuration);
        try
        {
            _ = new GradientDescent(configuration.StepSize);
            _ = objects.InitialParameters();
            folder.Create();
            RunConfiguration complete = configuration with
            {
                Version = typeof(Run).Assembly.GetName().Version?.ToString(3) ?? "",
                DeviceDescription = objects.Device.Description,
            };
            AtomicFile.WriteText(folder.Configuration, complete.ToJson());
            return new Run(folder, objects, resumes: false);
        }
        catch
        {
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Opens a run to go on from its last checkpoint, or from the start if it had none.</summary>
    /// <param name="root">The run's folder.</param>
    /// <param name="change">Changes the configuration, for example to take more steps; null keeps it.</param>
    /// <exception cref="InputException">There is no run, or a file of it is damaged.</exception>
    public static Run Resume(string root, Func<RunConfiguration, RunConfiguration>? change = null)
    {
        var folder = new RunFolder(Path.GetFullPath(root));
        RunConfiguration kept = folder.ReadConfiguration();
        RunConfiguration configuration = change?.Invoke(kept) ?? kept;
        var objects = new RunObjects(configuration);
        try
        {
            if (configuration != kept)
            {
                AtomicFile.WriteText(folder.Configuration, configuration.ToJson());
            }

            return new Run(folder, objects, resumes: true);
        }
        catch
        {
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Opens a run at its last checkpoint to look at it; its files are not touched, and it may be going on.</summary>
    /// <exception cref="InputException">There is no run or no checkpoint, or a file is damaged.</exception>
    public static Run Inspect(string root)
    {
        var folder = new RunFolder(Path.GetFullPath(root));
        RunConfiguration configuration = folder.ReadConfiguration();
        if (!File.Exists(folder.State))
        {
            throw new InputException($"{root} has no checkpoint yet. Wait for the first one, or resume the run.");
        }

        var objects = new RunObjects(configuration);
        try
        {
            return new Run(folder, objects, resumes: true, writes: false);
        }
        catch
        {
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end, or until cancelled; writes records, checkpoints and the weights.</summary>
    /// <param name="observed">Called after each step's record; must not fail.</param>
    /// <param name="cancellation">Finishes the step in progress and leaves a checkpoint.</param>
    /// <exception cref="IOException">A file cannot be written; the last checkpoint stays.</exception>
    public TrainingOutcome Train(Action<StepRecord>? observed = null, CancellationToken cancellation = default)
    {
        RunRecords records = _records ?? throw new InvalidOperationException("This run was opened to be looked at.");
        int every = _objects.Configuration.CheckpointEvery;
        var sinceCheckpoint = Stopwatch.StartNew();
        long started = Trainer.Step;
        TrainingOutcome outcome = Trainer.Run(
            (record, losses) =>
            {
                // A checkpoint is of the state before this step; the record below belongs to the step after it.
                records.Append(record, losses);
                observed?.Invoke(record);
            },
            beforeStep: () =>
            {
                bool due = every > 0 ? Trainer.Step % every == 0 : sinceCheckpoint.Elapsed > CheckpointInterval;
                if (due && Trainer.Step > started)
                {
                    SaveState();
                    sinceCheckpoint.Restart();
                }
            },
            cancellation);
        if (outcome == TrainingOutcome.Diverged)
        {
            records.Flush();
            if (Trainer.LastGood is { } good)
            {
                WriteModel(Folder.LastGood, good.ToArray());
            }

            return outcome;
        }

        SaveState();
        if (outcome != TrainingOutcome.Interrupted)
        {
            WriteModel(Folder.Model, Trainer.Parameters.ToArray());
        }

        return outcome;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _records?.Dispose();
        Trainer.Dispose();
        _test?.Dispose();
        _objects.Dispose();
    }

    private void SaveState()
    {
        // Rows reach the disk before the checkpoint that says they are there.
        _records!.Flush();
        Checkpoint.Write(Folder.State, Trainer);
    }

    private void WriteModel(string path, double[] parameters) =>
        SafeTensors.Write(
            path,
            [
                .. Networks.StateDict.Tensors(_objects.Network, parameters, StoredType),
                .. Networks.StateDict.RunningTensors(_objects.Network, StoredType),
            ]);

    private ElementType StoredType =>
        _objects.Configuration.Precision == Devices.Precision.Float64 ? ElementType.Float64 : ElementType.Float32;
}
