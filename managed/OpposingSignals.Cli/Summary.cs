using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpposingSignals.Runs;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary>What a run or an analysis came to: sentences for a person, or one JSON object.</summary>
internal static class Summary
{
    public static int Print(Run run, TrainingOutcome? outcome, GroupsRecord groups, bool json)
    {
        double threshold = 2 / run.Objects.Configuration.StepSize;
        MetricsTable metrics = MetricsFile.Read(run.Folder.Metrics);
        long? crossing = Crossing(metrics, threshold);
        if (json)
        {
            Console.Out.WriteLine(Json(run, outcome, groups, metrics, threshold, crossing).ToJsonString(
                new JsonSerializerOptions { WriteIndented = true }));
            return ExitStatus.Done;
        }

        Console.Out.WriteLine(crossing is { } step
            ? Invariant($"The sharpness reached 2/η = {threshold:G4} at step {step}; at step {groups.Step} it is {groups.Sharpness:G4} (residual {groups.SharpnessResidual:G2}).")
            : Invariant($"The sharpness has not reached 2/η = {threshold:G4}; at step {groups.Step} it is {groups.Sharpness:G4} (residual {groups.SharpnessResidual:G2})."));
        if (groups.Pairs.Count == 0)
        {
            Console.Out.WriteLine("No opposing groups were found.");
        }

        for (int i = 0; i < groups.Pairs.Count; i++)
        {
            PairRecord pair = groups.Pairs[i];
            Console.Out.WriteLine(Invariant(
                $"Pair {i + 1}: {pair.Up.Indices.Count} against {pair.Down.Indices.Count} samples, losses move with correlation {pair.TrajectoryOpposition:F2}, gradients with cosine {pair.GradientCosine:F2}, {pair.SharpnessShare:P0} of the sharpness."));
        }

        if (groups.Precision is { } precision && groups.Recall is { } recall)
        {
            Console.Out.WriteLine(Invariant($"Against the planted groups: precision {precision:F2}, recall {recall:F2}."));
        }

        if (File.Exists(run.Folder.Report))
        {
            Console.Out.WriteLine($"Report: {run.Folder.Report}");
        }

        return ExitStatus.Done;
    }

    private static long? Crossing(MetricsTable metrics, double threshold)
    {
        double?[] sharpness = metrics["sharpness"];
        for (int row = 0; row < sharpness.Length; row++)
        {
            if (sharpness[row] > threshold)
            {
                return metrics.Steps[row];
            }
        }

        return null;
    }

    private static JsonObject Json(
        Run run, TrainingOutcome? outcome, GroupsRecord groups, MetricsTable metrics, double threshold, long? crossing)
    {
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
            ["threshold"] = threshold,
            ["crossing"] = crossing,
            ["sharpness"] = Number(groups.Sharpness),
            ["sharpness_residual"] = Number(groups.SharpnessResidual),
            ["sharpness_converged"] = groups.SharpnessConverged,
            ["precision"] = Number(groups.Precision),
            ["recall"] = Number(groups.Recall),
            ["pairs"] = new JsonArray([.. groups.Pairs.Select(pair => new JsonObject
            {
                ["trajectory_opposition"] = Number(pair.TrajectoryOpposition),
                ["energy_share"] = Number(pair.EnergyShare),
                ["sharpness_share"] = Number(pair.SharpnessShare),
                ["gradient_cosine"] = Number(pair.GradientCosine),
                ["gradient_product_along_top"] = Number(pair.GradientProductAlongTop),
                ["up"] = new JsonArray([.. pair.Up.Indices.Select(i => JsonValue.Create(i))]),
                ["down"] = new JsonArray([.. pair.Down.Indices.Select(i => JsonValue.Create(i))]),
            })]),
        };
    }

    // JSON has no NaN.
    private static JsonNode? Number(double? value) =>
        value is { } number && double.IsFinite(number) ? JsonValue.Create(number) : null;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
