using System.Diagnostics;
using OpposingSignals.Runs.Probes;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// A training run in a folder. A kill at any instant leaves a folder that resumes, and the resumed run ends with the
/// weights and metrics of the one that was never interrupted, bit for bit.
/// </summary>
public sealed class Run : IDisposable
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(1);

    private readonly RunObjects _objects;
    private readonly Curvature.Objective? _test;
    private readonly ProbeObserver? _probes;
    private RunRecords? _records;
    private RunLock? _lock;

    // Takes over the objects. Nothing is written: whatever is wrong with the run shows before it has a folder.
    private Run(RunFolder folder, RunObjects objects, bool restores)
    {
        Folder = folder;
        _objects = objects;
        try
        {
            _test = objects.Data.Test is { } test && objects.Configuration.Training.TestEvery > 0
                ? objects.ObjectiveOf(test, forwardOnly: true)
                : null;
            _probes = objects.Configuration.Probes is null ? null : new ProbeObserver(objects);
            // A checkpoint needs no weights file any more, which may have been moved since.
            double[] start = restores ? new double[objects.Network.ParameterCount] : objects.InitialParameters();
            Trainer = new Trainer(
                objects.Objective, _test, objects.Configuration.CreateOptimizer(), start,
                objects.Configuration.Training);
            if (restores)
            {
                Checkpoint.Restore(folder.State, Trainer);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where the run's files are.</summary>
    public RunFolder Folder { get; }

    /// <summary>What the configuration named.</summary>
    public RunObjects Objects => _objects;

    /// <summary>The probes; null for none.</summary>
    internal ProbeSet? Probes => _probes?.Set;

    /// <summary>The training loop and its state.</summary>
    public Trainer Trainer { get; }

    /// <summary>Starts a run in a folder that holds none.</summary>
    /// <exception cref="InputException">The configuration is wrong, or the folder holds a run.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Run Create(string root, RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        RunFolder folder = RunFolder.At(root);
        folder.RequireFree();
        RunConfiguration complete = configuration with
        {
            // Last bits depend on the number of threads, and a resumed run may find another number of processors.
            Threads = configuration.Threads != 0 ? configuration.Threads : Environment.ProcessorCount,
            Version = typeof(Run).Assembly.GetName().Version?.ToString(3) ?? "",
        };
        var objects = new RunObjects(complete);
        var run = new Run(folder, objects, restores: false);
        try
        {
            folder.Create();
            run._lock = RunLock.Take(folder);
            folder.RequireFree();

            // A folder without a configuration holds no run, whatever else is there; the configuration therefore comes
            // last.
            File.Delete(folder.State);
            run.OpenRecords();
            AtomicFile.WriteText(
                folder.Configuration, (complete with { DeviceDescription = objects.Device.Description }).ToJson());
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Removes a run's folder with everything in it.</summary>
    /// <exception cref="InputException">Another process is running it.</exception>
    /// <exception cref="IOException">The folder cannot be removed.</exception>
    public static void Delete(string root)
    {
        RunFolder folder = RunFolder.At(root);
        using RunLock held = RunLock.Take(folder);
        Directory.Delete(folder.Root, recursive: true);
    }

    /// <summary>Opens a run to go on from its last checkpoint, or from the start if it had none.</summary>
    /// <param name="root">The run's folder.</param>
    /// <param name="change">Changes the configuration, for example to take more steps; null keeps it.</param>
    /// <exception cref="InputException">
    /// There is no run, a file of it is damaged, or another process is running it.
    /// </exception>
    public static Run Resume(string root, Func<RunConfiguration, RunConfiguration>? change = null)
    {
        RunFolder folder = RunFolder.At(root);
        folder.RequireRun();
        RunLock held = RunLock.Take(folder);
        Run? run = null;
        try
        {
            RunConfiguration kept = folder.ReadConfiguration();
            RunConfiguration configuration = change?.Invoke(kept) ?? kept;
            run = new Run(folder, new RunObjects(configuration), restores: File.Exists(folder.State)) { _lock = held };
            run.OpenRecords();
            if (configuration != kept)
            {
                AtomicFile.WriteText(folder.Configuration, configuration.ToJson());
            }

            return run;
        }
        catch
        {
            run?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a run at its last checkpoint to look at it; its files are not touched, and it may be going on.
    /// </summary>
    /// <exception cref="InputException">There is no run or no checkpoint, or a file is damaged.</exception>
    public static Run Inspect(string root)
    {
        RunFolder folder = RunFolder.At(root);
        RunConfiguration configuration = folder.ReadConfiguration();
        if (!File.Exists(folder.State))
        {
            throw new InputException($"{root} has no checkpoint yet. Wait for the first one, or resume the run.");
        }

        return new Run(folder, new RunObjects(configuration), restores: true);
    }

    /// <summary>Writes the weights at the checkpoint, with PyTorch's names, for another run to start from.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void ExportWeights(string path) => WriteModel(path, Trainer.Parameters.ToArray());

    /// <summary>
    /// Goes on with what another run's optimiser remembers, if both have the same one; from here on the checkpoint has
    /// it.
    /// </summary>
    internal void TakeOverOptimizer(Run other)
    {
        if (Trainer.Optimizer.Name == other.Trainer.Optimizer.Name && Trainer.OptimizerState.Vectors.Count > 0)
        {
            Trainer.OptimizerState.CopyFrom(other.Trainer.OptimizerState);
            SaveState();
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
                records.Append(record, losses, _probes?.Measure(Trainer.Parameters));
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

        if (outcome != TrainingOutcome.Interrupted)
        {
            // What the analysis of the end shows has names already, which a run that takes more steps then keeps.
            Trainer.Groups.Search();
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
        try
        {
            // Closing flushes, which fails on a full disk.
            _records?.Dispose();
        }
        finally
        {
            Trainer?.Dispose();
            _test?.Dispose();
            _probes?.Dispose();
            _objects.Dispose();
            _lock?.Dispose();
        }
    }

    private void OpenRecords() =>
        _records = new RunRecords(
            Folder, _objects.Configuration, _objects.Objective.SampleCount, _probes?.Columns,
            Trainer.Groups.Stream.LastStep);

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
