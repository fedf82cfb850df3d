using System.Globalization;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// The state of a trainer between two steps as one safetensors file, replaced as a whole: parameters, what the
/// optimiser remembers, the samples' stream and history, and the warm eigensolver. A trainer that takes it over goes on
/// bitwise as the one that wrote it.
/// </summary>
internal static class Checkpoint
{
    private const string Format = "opsig-checkpoint-1";
    private const string TrackerPrefix = "tracker.";
    private const string PreconditionedPrefix = "preconditioned.";
    private const string NumbersSuffix = ".numbers";
    private const string OptimizerPrefix = "optimizer.";
    private const string OptimizerSteps = OptimizerPrefix + "steps";

    public static void Write(string path, Trainer trainer)
    {
        var tensors = new List<KeyValuePair<string, HostTensor>> { new("parameters", ToHost(trainer.Parameters)) };
        if (trainer.LastGood is { } previous)
        {
            tensors.Add(new("previous", ToHost(previous)));
        }

        tensors.AddRange(
            StateDict.RunningTensors(trainer.Network, ElementType.Float64)
                .Select(entry => KeyValuePair.Create("running." + entry.Key, entry.Value)));
        tensors.AddRange(trainer.Groups.Save());
        if (trainer.OptimizerState.Vectors.Count > 0)
        {
            tensors.Add(new(OptimizerSteps, HostTensor.From<long>([trainer.OptimizerState.Steps], 1)));
            tensors.AddRange(trainer.OptimizerState.Vectors.Select(entry =>
                KeyValuePair.Create(OptimizerPrefix + entry.Key, ToHost(entry.Value))));
        }

        AddTracker(tensors, TrackerPrefix, trainer.Tracker);
        AddTracker(tensors, PreconditionedPrefix, trainer.PreconditionedTracker);

        SafeTensors.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = Format,
            ["step"] = trainer.Step.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Puts the state of a file into a trainer built from the same configuration.</summary>
    /// <exception cref="InputException">The file is damaged or belongs to another run.</exception>
    public static void Restore(string path, Trainer trainer)
    {
        SafeTensorsFile file = SafeTensors.Read(path);
        if (!file.Metadata.TryGetValue("format", out string? format) || format != Format
            || !file.Metadata.TryGetValue("step", out string? stepText)
            || !long.TryParse(stepText, NumberStyles.None, CultureInfo.InvariantCulture, out long step))
        {
            throw new InputException($"{path} is not a checkpoint of this program.");
        }

        try
        {
            FromHost(file.Tensors["parameters"], trainer.Parameters);
            if (file.Tensors.TryGetValue("previous", out HostTensor? previous))
            {
                trainer.RestoreLastGood(block => FromHost(previous, block));
            }

            StateDict.RestoreRunning(trainer.Network, Part(file, "running."));
            trainer.Groups.Restore(prefix => Part(file, prefix));
            RestoreOptimizer(file, trainer.OptimizerState);
            RestoreTracker(file, TrackerPrefix, trainer.Tracker, trainer.Parameters);
            RestoreTracker(file, PreconditionedPrefix, trainer.PreconditionedTracker, trainer.Parameters);
            if (trainer.Groups.Stream.LastStep is { } last ? step - last is not (0 or 1) : step != 0)
            {
                throw new ArgumentException(
                    $"step {step} does not follow the samples' step {trainer.Groups.Stream.LastStep}.");
            }
        }
        catch (Exception e) when (e is KeyNotFoundException or ArgumentException or InvalidOperationException
            or IndexOutOfRangeException or OverflowException)
        {
            throw new InputException($"{path} does not fit this run: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        trainer.Step = step;
    }

    private static void RestoreOptimizer(SafeTensorsFile file, Optimizers.OptimizerState state)
    {
        if (state.Vectors.Count > 0)
        {
            state.Steps = file.Tensors[OptimizerSteps].AsSpan<long>()[0];
            foreach ((string name, VectorBlock vector) in state.Vectors)
            {
                FromHost(file.Tensors[OptimizerPrefix + name], vector);
            }
        }
    }

    private static void AddTracker(
        List<KeyValuePair<string, HostTensor>> tensors, string prefix, EigenTracker? tracker)
    {
        if (tracker is null)
        {
            return;
        }

        using EigenTrackerState state = tracker.Save();
        foreach ((string name, VectorBlock block) in state.Blocks)
        {
            double[] numbers = state.Numbers[name];
            tensors.Add(new(prefix + name, ToHost(block)));
            tensors.Add(new(prefix + name + NumbersSuffix, HostTensor.From<double>(numbers, numbers.Length)));
        }
    }

    private static void RestoreTracker(
        SafeTensorsFile file, string prefix, EigenTracker? tracker, VectorBlock parameters)
    {
        if (tracker is null)
        {
            return;
        }

        Dictionary<string, HostTensor> saved = Part(file, prefix);
        using var state = new EigenTrackerState();
        foreach ((string name, HostTensor tensor) in saved)
        {
            if (!name.EndsWith(NumbersSuffix, StringComparison.Ordinal))
            {
                using var block = new VectorBlock(
                    parameters.Device, parameters.Precision, tensor.Shape[0], tensor.Shape[1]);
                FromHost(tensor, block);
                state.Add(name, block, saved[name + NumbersSuffix].ToDoubles());
            }
        }

        tracker.Restore(state);
    }

    private static Dictionary<string, HostTensor> Part(SafeTensorsFile file, string prefix) =>
        file.Tensors.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value);

    private static HostTensor ToHost(VectorBlock block)
    {
        var tensor = new HostTensor(
            block.Precision == Precision.Float64 ? ElementType.Float64 : ElementType.Float32,
            block.Count,
            checked((int)block.Length));
        block.Device.Download(block.Address, tensor.Bytes);
        return tensor;
    }

    private static void FromHost(HostTensor tensor, VectorBlock block)
    {
        ElementType wanted = block.Precision == Precision.Float64 ? ElementType.Float64 : ElementType.Float32;
        if (tensor.Type != wanted || tensor.Count != block.Count * block.Length)
        {
            throw new ArgumentException(
                $"{tensor.Count} elements of {tensor.Type} do not fill {block.Count} vectors of {block.Length} {wanted}.");
        }

        block.Device.Upload(tensor.Bytes, block.Address);
    }
}
