using System.CommandLine;
using System.Globalization;
using OpposingSignals.Networks;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Report;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary><c>opsig fork</c>: a run goes on twice from its last checkpoint, once with something changed.</summary>
internal static class ForkCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("run") { Description = "The run's folder; it is not touched." };
        Option<string?> drop = new("--drop") { Description = $"Leave samples out: {SampleSelection.Forms}." };
        Option<string?> isolate = new("--isolate") { Description = "Train on these samples alone." };
        Option<string?> relabel = new("--relabel") { Description = "Give these samples the class of --to." };
        Option<int?> to = new("--to") { Description = "The class for --relabel, counted from 0." };
        Option<string?> weigh = new("--down-weight")
        {
            Description =
                "Weigh samples in the mean, the others having 1: NAME:WEIGHT, such as A:0.1; names as for --drop.",
        };
        Option<double?> stepSize = new("--lr") { Description = "Another step size." };
        Option<string?> optimizer = RunOptions.Optimizer("Another optimiser, which starts without a memory");
        Option<bool> freeze = new("--freeze-batch-norm") { Description = "Batch normalisation uses its running statistics from here on." };
        Option<long> steps = RunOptions.WithDefault("--steps", 200L, "Steps of each branch.");
        Option<int?> eigenCount =
            new("--eigs") { Description = "Top eigenpairs to track in both branches; by default as many as the run." };
        Option<int> eigenEvery =
            RunOptions.WithDefault("--eig-every", 10, "Steps between measurements of the sharpness; 0 for never.");
        Option<string> output = RunOptions.Required<string>("--out", "Folder for both branches and the report.");
        Option<string?> control = new("--control")
        {
            Description =
                "Folder of an earlier fork of this checkpoint, whose branch as before is taken instead of another.",
        };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "fork",
            "Trains on from a run's last checkpoint twice, as before and with something changed, and compares the two.\n" +
            "Example: opsig fork runs/demo --drop A --steps 200 --out runs/demo-without-A");
        command.Arguments.Add(folder);
        foreach (Option option in (Option[])[
            drop, isolate, relabel, to, weigh, stepSize, optimizer, freeze, steps, eigenCount, eigenEvery, output,
            control, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            (string? weighed, double? weight) = Weight(parsed.GetValue(weigh));
            (InterventionKind Kind, string Name)[] named = [.. new (InterventionKind Kind, string? Name)[]
            {
                (InterventionKind.Drop, parsed.GetValue(drop)),
                (InterventionKind.Isolate, parsed.GetValue(isolate)),
                (InterventionKind.Relabel, parsed.GetValue(relabel)),
                (InterventionKind.DownWeight, weighed),
            }.Where(entry => entry.Name is not null).Select(entry => (entry.Kind, entry.Name!))];
            if (named.Length > 1 || (parsed.GetValue(relabel) is null) != (parsed.GetValue(to) is null))
            {
                throw new InputException("Choose one of --drop, --isolate, --relabel and --down-weight, and give --to with --relabel alone.");
            }

            string? rule = parsed.GetValue(optimizer);
            if (named.Length == 0 && parsed.GetValue(stepSize) is null && rule is null && !parsed.GetValue(freeze))
            {
                throw new InputException(
                    "Nothing is changed: give --drop, --isolate, --relabel, --down-weight, --lr, --optimizer or --freeze-batch-norm.");
            }

            string root = Path.GetFullPath(RunFolder.At(parsed.GetValue(output)!).Root);
            new RunFolder(Path.Combine(root, "control")).RequireFree();
            new RunFolder(Path.Combine(root, "changed")).RequireFree();
            using Run parent = Run.Inspect(parsed.GetValue(folder)!);
            int samples = parent.Objects.Objective.SampleCount;
            IReadOnlyList<int> chosen = named is [var (_, name)]
                ? SampleSelection.Parse(parent.Folder, samples, name)
                : [.. Enumerable.Range(0, samples)];
            Intervention? intervention = named is [var (kind, _)]
                ? new Intervention { Kind = kind, Samples = chosen, Class = parsed.GetValue(to), Weight = weight }
                : null;

            // What cannot be done shows before the first branch is trained.
            intervention?.Apply(parent.Objects.Data.Training);
            Change(parent.Objects.Configuration).CreateOptimizer();
            TrainingOptions training = parent.Objects.Configuration.Training;
            ForkRecord fork = Fork.Train(
                parent,
                root,
                training with
                {
                    Steps = parsed.GetValue(steps),
                    StopAccuracy = null,
                    StopLoss = null,
                    EigenCount = parsed.GetValue(eigenCount) ?? training.EigenCount,
                    EigenEvery = parsed.GetValue(eigenEvery),
                },
                Change,
                chosen,
                parsed.GetValue(control));
            string change = Describe(
                named, chosen.Count, parsed.GetValue(to), weight, parsed.GetValue(stepSize), rule,
                parsed.GetValue(freeze));
            string report = ForkReport.Write(root, fork, change);
            Print(fork, change, report, parsed.GetValue(json));
            return fork.Control.Outcome == TrainingOutcome.Diverged || fork.Changed.Outcome == TrainingOutcome.Diverged
                ? ExitStatus.Failed
                : ExitStatus.Done;

            RunConfiguration Change(RunConfiguration common) => common with
            {
                Intervention = intervention,
                StepSize = parsed.GetValue(stepSize) ?? common.StepSize,
                Optimizer = rule ?? common.Optimizer,
                BatchNorm = parsed.GetValue(freeze) ? BatchNormMode.Eval : common.BatchNorm,
            };
        });
        return command;
    }

    // A name may have colons of its own: the last one is meant.
    private static (string? Name, double? Weight) Weight(string? option)
    {
        if (option is null)
        {
            return (null, null);
        }

        int colon = option.LastIndexOf(':');
        return colon > 0 && double.TryParse(
            option.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double weight)
            ? (option[..colon], weight)
            : throw new InputException($"'{option}' is not NAME:WEIGHT, such as A:0.1.");
    }

    private static string Describe(
        (InterventionKind Kind, string Name)[] named, int count, int? label, double? weight, double? stepSize,
        string? optimizer,
        bool freeze) =>
        string.Join(", ", new[]
        {
            named is [var (kind, name)]
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(kind == InterventionKind.DownWeight ? "weigh" : kind.ToString().ToLowerInvariant())} {name} ({count} samples){(label is null ? "" : $" to class {label}")}{(weight is null ? "" : $" by {weight}")}")
                : null,
            stepSize is { } size ? string.Create(CultureInfo.InvariantCulture, $"step size {size:R}") : null,
            optimizer is null ? null : $"optimiser {optimizer}",
            freeze ? "batch normalisation frozen" : null,
        }.OfType<string>());

    private static void Print(ForkRecord fork, string change, string report, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(File.ReadAllText(Path.Combine(Path.GetDirectoryName(report)!, "fork.json")));
            return;
        }

        Console.Out.WriteLine($"Forked at step {fork.Step}: {change}");
        foreach ((string name, BranchRecord branch) in ((string, BranchRecord)[])[("as before", fork.Control), ("changed", fork.Changed)])
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-10} after {branch.Step} steps ({branch.Outcome}): loss {branch.Loss:G4}, sharpness {branch.Sharpness:G4}, chosen samples' loss {branch.GroupLoss:G4}, test accuracy {branch.TestAccuracy:P1}"));
        }

        Console.Out.WriteLine($"Report: {report}");
    }
}
