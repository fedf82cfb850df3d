using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// Two runs from one checkpoint for the same number of steps: one goes on as before, the other with something changed.
/// Both measure the same way, so that what differs is due to the change. The optimiser goes on with what it remembers;
/// another one starts without a memory.
/// </summary>
public static class Fork
{
    /// <summary>Trains both branches into <c>control</c> and <c>changed</c> of a folder, and compares them.</summary>
    /// <param name="parent">The run, at its last checkpoint; not touched.</param>
    /// <param name="folder">A folder that holds no run.</param>
    /// <param name="measure">
    /// What both branches have in common beside the parent's configuration: steps, eigenpairs.
    /// </param>
    /// <param name="change">What the second branch does differently.</param>
    /// <param name="watched">Samples whose mean loss is compared.</param>
    /// <param name="control">
    /// The folder of an earlier fork from here whose branch as before is taken; null trains it.
    /// </param>
    /// <param name="cancellation">Ends a branch after the step in progress.</param>
    /// <exception cref="InputException">
    /// The change does not fit, the folder is taken, or the earlier fork is another's.
    /// </exception>
    public static ForkRecord Train(
        Run parent, string folder, TrainingOptions measure, Func<RunConfiguration, RunConfiguration> change,
        IReadOnlyList<int> watched, string? control = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentNullException.ThrowIfNull(change);
        string weights = Path.Combine(Path.GetFullPath(folder), "start.safetensors");
        Directory.CreateDirectory(Path.GetDirectoryName(weights)!);
        parent.ExportWeights(weights);
        RunConfiguration common = parent.Objects.Configuration with { Weights = weights,
            Training = measure, DumpSteps = null, Follow = null };
        BranchRecord asBefore = control is null
            ? Branch(parent, Path.Combine(folder, "control"), common, watched, cancellation)
            : Earlier(parent.Objects, control, common, watched);
        BranchRecord changed = Branch(parent, Path.Combine(folder, "changed"), change(common), watched, cancellation);
        return new ForkRecord(parent.Folder.Root, parent.Trainer.Step, measure.Steps, asBefore, changed);
    }

    private static BranchRecord Branch(
        Run parent, string folder, RunConfiguration configuration, IReadOnlyList<int> watched,
        CancellationToken cancellation)
    {
        using Run run = Run.Create(folder, configuration);
        run.TakeOverOptimizer(parent);
        TrainingOutcome outcome = run.Train(null, cancellation);
        return Compare(parent.Objects, run, outcome, watched);
    }

    private static BranchRecord Earlier(
        RunObjects whole, string fork, RunConfiguration common, IReadOnlyList<int> watched)
    {
        using Run run = Run.Inspect(Path.Combine(fork, "control"));
        RunConfiguration known = run.Objects.Configuration;
        bool same = known.Weights is { } weights && File.Exists(weights)
            && File.ReadAllBytes(weights).AsSpan().SequenceEqual(File.ReadAllBytes(common.Weights!))
            && Comparable(known).ToJson() == Comparable(common).ToJson();
        return same && run.Trainer.Step == common.Training.Steps
            ? Compare(whole, run, TrainingOutcome.StepsTaken, watched)
            : throw new InputException(
                $"{fork} is no finished fork of {common.Training.Steps} steps from this checkpoint that measures alike. " +
                "Leave --control out.");
    }

    private static RunConfiguration Comparable(RunConfiguration configuration) =>
        configuration with { Weights = null, DeviceDescription = "", Version = "" };

    // Both branches are judged by the parent's whole data: dropping samples changes the branch's own loss by itself.
    private static BranchRecord Compare(RunObjects whole, Run run, TrainingOutcome outcome, IReadOnlyList<int> watched)
    {
        RunConfiguration configuration = whole.Configuration with { Intervention = null };
        using var objects = new RunObjects(configuration);
        using var parameters =
            new Devices.VectorBlock(objects.Device, configuration.Precision, 1, objects.Network.ParameterCount);
        parameters.CopyFrom(run.Trainer.Parameters.ToArray());
        double? test = objects.Data.Test is { } data ? Evaluate(objects, data, parameters).Accuracy : null;
        double group = Evaluate(objects, objects.Data.Training.Select([.. watched]), parameters).Loss;
        LinearizationPoint point = objects.Objective.Linearize(parameters);
        using EigenSolution top = new BlockLanczos(new LanczosOptions { Tolerance = 1e-3, MaximumProducts = 300 })
            .Solve(new CurvatureOperator(point, ProductKind.Hessian));
        return new BranchRecord(
            run.Folder.Root, outcome, run.Trainer.Step, point.Loss, test, top.Pairs[0].Value, group);
    }

    private static Evaluation Evaluate(RunObjects objects, Dataset data, Devices.VectorBlock parameters)
    {
        using Objective objective = objects.ObjectiveOf(data, forwardOnly: true);
        return objective.Evaluate(parameters);
    }
}

/// <summary>Two branches of a run.</summary>
/// <param name="Parent">The run's folder.</param>
/// <param name="Step">The step of its checkpoint.</param>
/// <param name="Steps">Steps that each branch took, at most.</param>
/// <param name="Control">The branch that went on as before.</param>
/// <param name="Changed">The other.</param>
public sealed record ForkRecord(string Parent, long Step, long Steps, BranchRecord Control, BranchRecord Changed);

/// <summary>The end of a branch, on all of the parent's training data.</summary>
/// <param name="Folder">Its run.</param>
/// <param name="Outcome">How training ended.</param>
/// <param name="Step">Steps taken.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="TestAccuracy">Accuracy on the test data; null without any.</param>
/// <param name="Sharpness">The largest eigenvalue of the Hessian of the mean loss.</param>
/// <param name="GroupLoss">Mean loss of the samples that were watched.</param>
public sealed record BranchRecord(
    string Folder, TrainingOutcome Outcome, long Step, double Loss, double? TestAccuracy, double Sharpness,
    double GroupLoss);
