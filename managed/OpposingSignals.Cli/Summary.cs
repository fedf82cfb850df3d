using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary>What a run or an analysis came to: sentences for a person, or one JSON object.</summary>
internal static class Summary
{
    public static int Print(Run run, TrainingOutcome? outcome, GroupsRecord groups, bool json)
    {
        Optimizers.Optimizer optimizer = run.Trainer.Optimizer;
        MetricsTable metrics = MetricsFile.Read(run.Folder.Metrics);
        long? crossing = EdgeCrossing.Of(run);
        if (json)
        {
            Console.Out.WriteLine(
                Json(run, outcome, groups, metrics, crossing).ToJsonString(
                new JsonSerializerOptions { WriteIndented = true }));
            return ExitStatus.Done;
        }

        string reached = (optimizer.StabilityThreshold, crossing) switch
        {
            (null, _) => $"{optimizer.ThresholdNote}",
            ({ } threshold, { } step) => Invariant(
                $"The {optimizer.BoundedCurvature} reached {optimizer.ThresholdFormula} = {Figures.Curvature(threshold)} at step {step}."),
            ({ } threshold, null) => Invariant(
                $"The {optimizer.BoundedCurvature} has not reached {optimizer.ThresholdFormula} = {Figures.Curvature(threshold)}."),
        };
        string preconditioned = groups.PreconditionedSharpness is { } value
            ? $", the preconditioned sharpness {Figures.Curvature(value)}" : "";
        Console.Out.WriteLine(Invariant(
            $"{reached} At step {groups.Step} the sharpness is {Figures.Curvature(groups.Sharpness)} (residual {groups.SharpnessResidual:G2}){preconditioned}."));
        if (groups.Pairs.Count == 0)
        {
            Console.Out.WriteLine(groups.ExplainNoPairs());
        }

        foreach (PairRecord pair in groups.Pairs)
        {
            WritePair(pair, groups);
        }

        foreach (MoversRecord movers in groups.Movers)
        {
            WriteMovers(movers.Pair, groups);
        }

        if (groups.Composition is { } composition)
        {
            Console.Out.WriteLine(composition.Explain(groups.BoundedCurvature));
        }

        foreach (SpikeRecord spike in groups.Spikes.Take(3).Where(spike => spike.Pair is not null))
        {
            Console.Out.WriteLine(Invariant(
                $"At step {spike.Step} the mean loss rose by {spike.Rise:P0}: {spike.RisersShare:P0} of all rises are those of pair {spike.Pair}."));
        }

        if (groups.Precision is { } precision && groups.Recall is { } recall)
        {
            Console.Out.WriteLine(
                Invariant($"Against the planted groups: precision {precision:F2}, recall {recall:F2}."));
        }

        if (File.Exists(run.Folder.Report))
        {
            Console.Out.WriteLine($"Report: {run.Folder.Report}");
        }

        return ExitStatus.Done;
    }

    private static string Stretch(PairRecord pair) =>
        pair is { OpposedFrom: { } from, OpposedTo: { } to } ? Invariant($" at steps {from} to {to}") : "";

    private static void WritePair(PairRecord pair, GroupsRecord groups)
    {
        string chance = pair.Significance switch
        {
            null => "not tested against chance",
            { } tested when tested.Confirms() => Invariant(
                $"confirmed (chance below {Math.Max(tested.Probability, 1e-4):G1})"),
            { } tested => Invariant($"not set off from the other samples (outliers p = {tested.Outliers:G2}, opposition p = {tested.Opposition:G2})"),
        };
        Console.Out.WriteLine(Invariant(
            $"Pair {pair.Name}: {pair.Up.Indices.Count} against {pair.Down.Indices.Count} samples, {chance}; losses move with correlation {pair.TrajectoryOpposition:F2}{Stretch(pair)}, gradients with cosine {pair.GradientCosine:F2}, {pair.SharpnessShare:P0} of the {groups.BoundedCurvature}."));
        WriteChecks(pair, groups);
        if (pair.Signal is { } signal)
        {
            WriteSignal(pair, signal);
        }
    }

    private static void WriteMovers(PairRecord movers, GroupsRecord groups)
    {
        Console.Out.WriteLine(Invariant(
            $"Largest {movers.Name}: {movers.Up.Indices.Count} risers against {movers.Down.Indices.Count} fallers; losses move ") +
            Invariant($"with correlation {movers.TrajectoryOpposition:F2}, gradients with cosine {movers.GradientCosine:F2}, ") +
            Invariant($"{movers.SharpnessShare:P1} of the {groups.BoundedCurvature}."));
        WriteChecks(movers, groups);
    }

    private static void WriteChecks(PairRecord pair, GroupsRecord groups)
    {
        string of = groups.PreconditionedSharpness is null ? "" : " of P⁻¹H";
        if (pair.Checks is { } checks)
        {
            Console.Out.WriteLine(
                $"  median of members / 95th percentile of random samples: gradient norm {Ratio(checks.GradientNorm)}, own top " +
                $"eigenvalue {Ratio(checks.TopEigenvalue)}, curvature along the top eigenvector{of} {Ratio(checks.CurvatureAlongTop)}.");
        }

        if (pair.Direction is { Number: > 1 } own)
        {
            Console.Out.WriteLine(Invariant(
                $"  the camps oppose each other most along eigenvector {own.Number}{of} ({own.Eigenvalue:G3}), of which they carry ") +
                Invariant($"{own.Share:P0}: curvature along it {Ratio(own.Curvature)}."));
        }
    }

    private static string Ratio(OutlierCheck check) => Invariant($"{check.Members:G3}/{check.Random95:G3}");

    private static void WriteSignal(PairRecord pair, SignalRecord signal)
    {
        const int Shown = 3;
        Line(" labels", string.Join(
            ", ", signal.Classes.Take(Shown).Select(count => Invariant($"{count.Name} {count.Up}|{count.Down}"))));
        Line(" outputs move along", string.Join(
            ", ", signal.Outputs.Take(Shown).Select(o => Invariant($"{o.Name} {o.Weight:+0.00;-0.00}"))));
        Line(" curvature in", string.Join(
            ", ", signal.CurvatureShares.OrderByDescending(layer => layer.Share).Take(Shown)
            .Select(layer => Invariant($"{layer.Name} {layer.Share:P0}"))));
        Line($" text of {pair.Name}.up", Phrases(signal.UpPhrases));
        Line($" text of {pair.Name}.down", Phrases(signal.DownPhrases));

        static void Line(string what, string values)
        {
            if (values.Length > 0)
            {
                Console.Out.WriteLine($" {what}: {values}");
            }
        }

        static string Phrases(IReadOnlyList<PhraseRecord> phrases) => string.Join(
            ", ",
            phrases.Take(Shown).Select(phrase => $"“{phrase.Text.Replace("\n", "⏎", StringComparison.Ordinal)}”"));
    }

    private static JsonObject Json(
        Run run, TrainingOutcome? outcome, GroupsRecord groups, MetricsTable metrics, long? crossing)
    {
        Optimizers.Optimizer optimizer = run.Trainer.Optimizer;
        double?[] losses = metrics["loss"], accuracies = metrics["accuracy"];
        return new JsonObject
        {
            ["folder"] = run.Folder.Root,
            ["report"] = File.Exists(run.Folder.Report) ? run.Folder.Report : null,
            ["outcome"] = outcome?.ToString(),
            ["step"] = groups.Step,
            ["loss"] = Number(losses.Length > 0 ? losses[^1] : null),
            ["accuracy"] = Number(accuracies.Length > 0 ? accuracies[^1] : null),
            ["loss_convention"] = run.Objects.Objective.Convention,
            ["batch_norm"] = run.Objects.Objective.BatchNorm?.ToString().ToLowerInvariant(),
            ["ghost_batch"] = run.Objects.Objective.GhostBatch,
            ["threshold"] = Number(optimizer.StabilityThreshold),
            ["crossing"] = crossing,
            ["sharpness"] = Number(groups.Sharpness),
            ["sharpness_residual"] = Number(groups.SharpnessResidual),
            ["sharpness_converged"] = groups.SharpnessConverged,
            ["bounded_curvature"] = optimizer.BoundedCurvature,
            ["preconditioned_sharpness"] = Number(groups.PreconditionedSharpness),
            ["directions"] = groups.PreconditionedSharpness is null ? "H" : "P^-1 H",
            ["directions_converged"] = groups.DirectionsConverged,
            ["precision"] = Number(groups.Precision),
            ["recall"] = Number(groups.Recall),
            ["spikes"] = new JsonArray([.. groups.Spikes.Select(spike => new JsonObject
            {
                ["step"] = spike.Step,
                ["rise"] = Number(spike.Rise),
                ["pair"] = spike.Pair,
                ["explained"] = Number(spike.Explained),
                ["share_of_rises"] = Number(spike.RisersShare),
                ["share_of_strongest"] = Number(spike.StrongestShare),
            })]),
            ["composition"] = groups.Composition is not { } composition ? null : new JsonObject
            {
                ["pairs"] = Number(composition.Pairs),
                ["pair_samples"] = composition.PairSamples,
                ["half_carried_by"] = composition.HalfCarriedBy,
                ["samples"] = composition.Samples,
                ["largest_movers"] = Number(composition.LargestMovers),
                ["labels"] = new JsonObject(
                    composition.Labels.Select(label => KeyValuePair.Create(label.Name, Number(label.Share)))),
            },
            ["movers"] = new JsonArray([.. groups.Movers.Select(movers => Json(movers.Pair, movers.Step))]),
            ["pairs"] = new JsonArray([.. groups.Pairs.Select(pair => Json(pair))]),
        };
    }

    private static JsonObject Json(PairRecord pair, long? takenAt = null) => new()
    {
        ["taken_at"] = takenAt,
        ["name"] = pair.Name,
        ["first_step"] = pair.FirstStep,
        ["stability"] = Number(pair.Stability),
        ["confirmed"] = pair.Significance?.Confirms(),
        ["outliers_p"] = Number(pair.Significance?.Outliers),
        ["opposition_p"] = Number(pair.Significance?.Opposition),
        ["consecutive_correlation"] = Number(pair.ConsecutiveCorrelation),
        ["checks"] = pair.Checks is not { } checks ? null : new JsonObject
        {
            ["gradient_norm"] = Check(checks.GradientNorm),
            ["top_eigenvalue"] = Check(checks.TopEigenvalue),
            ["curvature_along_top"] = Check(checks.CurvatureAlongTop),
        },
        ["trajectory_opposition"] = Number(pair.TrajectoryOpposition),
        ["opposed_from"] = pair.OpposedFrom,
        ["opposed_to"] = pair.OpposedTo,
        ["energy_share"] = Number(pair.EnergyShare),
        ["sharpness_share"] = Number(pair.SharpnessShare),
        ["gradient_cosine"] = Number(pair.GradientCosine),
        ["gradient_product_along_top"] = Number(pair.GradientProductAlongTop),
        ["direction"] = pair.Direction is not { } own ? null : new JsonObject
        {
            ["number"] = own.Number,
            ["eigenvalue"] = Number(own.Eigenvalue),
            ["share"] = Number(own.Share),
            ["gradient_product"] = Number(own.GradientProduct),
            ["curvature"] = Check(own.Curvature),
        },
        ["signal"] = pair.Signal is null
            ? null
            : JsonNode.Parse(pair.Signal.ToJson()),
        ["up"] = new JsonArray([.. pair.Up.Indices.Select(i => JsonValue.Create(i))]),
        ["down"] = new JsonArray([.. pair.Down.Indices.Select(i => JsonValue.Create(i))]),
    };

    private static JsonObject Check(OutlierCheck check) => new()
    {
        ["members_median"] = Number(check.Members),
        ["random_median"] = Number(check.RandomMedian),
        ["random_95"] = Number(check.Random95),
        ["random_95_low"] = Number(check.Random95Low),
        ["random_95_high"] = Number(check.Random95High),
        ["random_samples"] = check.RandomSamples,
    };

    // JSON has no NaN.
    private static JsonNode? Number(double? value) =>
        value is { } number && double.IsFinite(number) ? JsonValue.Create(number) : null;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
