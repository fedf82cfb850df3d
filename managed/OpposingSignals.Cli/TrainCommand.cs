using System.CommandLine;
using System.Globalization;
using OpposingSignals.Runs;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary><c>opsig train</c>.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var options = new RunOptions();
        Option<double> stepSize = RunOptions.Required<double>("--lr", "Step size η.");
        Option<string?> optimizer = RunOptions.Optimizer("Rule of the steps, full-batch gradient descent by default");
        Option<long> steps = RunOptions.WithDefault("--steps", 1000L, "Steps to take, at most.");
        Option<double?> accuracy =
            new("--stop-accuracy") { Description = "Stop once the training accuracy exceeds this." };
        Option<double?> loss = new("--stop-loss") { Description = "Stop once the training loss is below this." };
        Option<int> eigenEvery =
            RunOptions.WithDefault("--eig-every", 1, "Steps between measurements of the sharpness; 0 for never.");
        Option<int> eigenCount = RunOptions.WithDefault(
            "--eigs", 1, "Top eigenpairs of the Hessian to track, and of P⁻¹H where the optimiser divides by a P.");
        Option<double> tolerance = RunOptions.WithDefault("--eig-tol", 1e-3, "Relative residual of an eigenpair.");
        Option<int> groupEvery = RunOptions.WithDefault(
            "--group-every", 4, "Steps between measurements of every sample along the tracked eigenvectors, from which groups are found; 0 for never.");
        Option<bool> watch =
            new("--watch") { Description = "Show the leading pair of opposing groups and its losses as the run goes." };
        Option<string?> probe = new("--probe")
        {
            Description =
                $"Inputs to put through the network at every step, with commas between: {Runs.Probes.ProbeSet.Forms}.",
        };
        Option<string?> dump = new("--dump-steps")
        {
            Description =
                "Show the 24 samples whose losses rose and fell most at these steps, as they come: STEP,STEP,...",
        };
        Option<string[]> follow = new("--follow")
        {
            Description =
                "Follow the mean loss of the samples whose indices this file lists, in the report; may be given again.",
        };
        Option<int> testEvery =
            RunOptions.WithDefault("--test-every", 10, "Steps between evaluations of the test set; 0 for never.");
        Option<int> checkpoint =
            RunOptions.WithDefault("--checkpoint-every", 0, "Steps between checkpoints; 0 writes one a minute.");
        Option<bool> full = new("--full-losses") { Description = "Keep the loss of every sample at every step." };
        Option<string?> folder = new("--out") { Description = "Folder of the run; by default runs/ and a name made of model, data and step size." };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "train",
            "Trains by full-batch gradient descent, or another optimiser on full gradients, and tracks sharpness and every sample's " +
            "loss.\n" +
            "Example: opsig train --model mlp:200,200:tanh --data cifar10:5000 --loss mse --lr 0.01 --steps 10000 --stop-accuracy 0.99");
        options.AddTo(command);
        foreach (Option option in (Option[])[
            stepSize, optimizer, steps, accuracy, loss, eigenEvery, eigenCount, tolerance, groupEvery, watch, probe,
            dump, follow, testEvery, checkpoint, full, folder, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            RunConfiguration configuration = options.Read(parsed, parsed.GetValue(stepSize), new TrainingOptions
            {
                Steps = parsed.GetValue(steps),
                StopAccuracy = parsed.GetValue(accuracy),
                StopLoss = parsed.GetValue(loss),
                EigenEvery = parsed.GetValue(eigenEvery),
                EigenCount = parsed.GetValue(eigenCount),
                EigenTolerance = parsed.GetValue(tolerance),
                GroupEvery = parsed.GetValue(groupEvery),
                TestEvery = parsed.GetValue(testEvery),
            }) with
            {
                Optimizer = parsed.GetValue(optimizer),
                CheckpointEvery = parsed.GetValue(checkpoint),
                FullLosses = parsed.GetValue(full),
                DumpSteps = Steps(parsed.GetValue(dump)),
                Follow = parsed.GetValue(follow) is { Length: > 0 } files
                    ? [.. files.Select(FollowedGroup.Read)] : null,
                Probes = AbsolutePaths(parsed.GetValue(probe)),
            };
            using Run run = Run.Create(parsed.GetValue(folder) ?? DefaultFolder(configuration), configuration);
            return RunSession.Execute(run, parsed.GetValue(json), parsed.GetValue(watch));
        });
        return command;
    }

    // The first free of runs/NAME, runs/NAME-2, ...
    private static long[]? Steps(string? list) => list is null
        ? null
        : [.. list.Split(',').Select(entry =>
            long.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out long step) && step > 0
                ? step
                : throw new InputException($"'{entry}' of --dump-steps is not a step; steps count from 1."))];

    // A run may be resumed from another folder than the one it was started in.
    private static string? AbsolutePaths(string? probes) => probes is null
        ? null
        : string.Join(
            ',', probes.Split(',').Select(entry => Path.HasExtension(entry) ? Path.GetFullPath(entry) : entry));

    private static string DefaultFolder(RunConfiguration configuration)
    {
        string name = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{configuration.Model}_{configuration.Data}_{configuration.Loss}_lr{configuration.StepSize}_seed{configuration.Seed}");
        name = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ',' ? c : '-'));
        string path = Path.Combine("runs", name);
        for (int i = 2; Directory.Exists(path); i++)
        {
            path = Path.Combine("runs", $"{name}-{i}");
        }

        return path;
    }
}
