using System.Text.Json;
using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Outliers;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// What a run's last checkpoint tells about its samples: the opposing groups, what each carries of the sharpness, and how
/// their gradients oppose each other. Nothing here changes the run.
/// </summary>
public static class RunAnalysis
{
    // Tight enough for shares of the sharpness to two digits.
    private const double EigenTolerance = 1e-3;

    /// <summary>Finds the groups, measures them, and writes <c>samples/groups.json</c> and the top eigenvector.</summary>
    public static GroupsRecord Analyze(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Trainer trainer = run.Trainer;
        Objective objective = run.Objects.Objective;
        ChangeWindow window = trainer.History.LatestChanges();
        Grouping grouping = trainer.Groups.Search();

        LinearizationPoint point = objective.Linearize(trainer.Parameters);
        using EigenSolution top = new BlockLanczos(new LanczosOptions { Tolerance = EigenTolerance, MaximumProducts = 300 })
            .Solve(new CurvatureOperator(point, ProductKind.Hessian));
        double[] curvatures = SampleCurvatures(run.Objects, point, trainer.Parameters, top.Vectors);
        var measurements = new OutlierMeasurements(run.Objects, trainer.Parameters, curvatures);
        GroupScore? score = Score(run.Objects.Data.Training, grouping);
        using VectorBlock midpoint = Midpoint(trainer);
        using VectorBlock leading = top.Vectors.Rows(0, 1);
        var signals = new PairSignals(run.Objects, trainer.Parameters, leading);
        PairRecord[] pairs =
        [
            .. grouping.Pairs.Select((pair, i) =>
            {
                PairRecord measured = Measure(run, pair, curvatures, top.Vectors, midpoint);
                string name = measured.Name ?? $"{i + 1}";
                return measured with { Name = name, Checks = measurements.Of(pair), Signal = signals.Of(pair, name) };
            }),
        ];
        var record = new GroupsRecord
        {
            Step = trainer.Step,
            WindowFirst = window.Steps.IsEmpty ? trainer.Step : window.Steps[0],
            WindowLast = window.Steps.IsEmpty ? trainer.Step : window.Steps[^1],
            Sharpness = top.Pairs[0].Value,
            SharpnessResidual = top.Pairs[0].Residual,
            SharpnessConverged = top.Pairs[0].Converged,
            LossConvention = objective.Convention,
            SamplesInEvaluationMode = objective.CouplesSamples,
            Precision = score?.Precision,
            Recall = score?.Recall,
            Spikes = LossSpikes.Find(trainer.History, pairs),
            LayerShares = LayerShares(run.Objects.Network, top.Vectors.Rows(0, 1).ToArray()),
            Pairs = pairs,
        };
        AtomicFile.WriteText(run.Folder.Groups, JsonSerializer.Serialize(record, RunJson.Default.GroupsRecord));
        SafeTensors.Write(run.Folder.Signals, signals.Arrays);
        WriteEigenvector(run, top);
        return record;
    }

    // A sample of a ghost batch has no curvature of its own; with running statistics it has.
    private static double[] SampleCurvatures(
        RunObjects objects, LinearizationPoint point, VectorBlock parameters, VectorBlock directions)
    {
        if (!objects.Objective.CouplesSamples)
        {
            return point.SampleCurvatures(directions);
        }

        using Objective separate = objects.ObjectiveOf(objects.Data.Training, forwardOnly: false);
        return separate.Linearize(parameters).SampleCurvatures(directions);
    }

    private static PairRecord Measure(
        Run run, OpposingPair pair, double[] curvatures, VectorBlock top, VectorBlock midpoint)
    {
        RunObjects objects = run.Objects;
        LossHistory history = run.Trainer.History;
        FollowedPair? followed = run.Trainer.Groups.Pairs.Current.FirstOrDefault(known => known.Up.SequenceEqual(pair.Up.Indices));
        using VectorBlock up = MeanGradient(objects, pair.Up, midpoint);
        using VectorBlock down = MeanGradient(objects, pair.Down, midpoint);
        double norms = up.Norms()[0] * down.Norms()[0];
        double carried = pair.Up.Indices.Concat(pair.Down.Indices).Sum(i => curvatures[i]);
        return new PairRecord
        {
            Name = followed?.Name,
            FirstStep = followed?.FirstStep,
            Stability = followed is { Sightings: > 1 } ? followed.Stability : null,
            Significance = pair.Significance,
            ConsecutiveCorrelation = Consecutive(history, pair),
            TrajectoryOpposition = pair.TrajectoryOpposition,
            EnergyShare = pair.EnergyShare,
            SharpnessShare = carried / curvatures.Sum(),
            GradientCosine = up.InnerProducts(down)[0, 0] / norms,
            GradientProductAlongTop =
                up.InnerProducts(top.Rows(0, 1))[0, 0] * down.InnerProducts(top.Rows(0, 1))[0, 0] / norms,
            Up = Describe(pair.Up),
            Down = Describe(pair.Down),
        };
    }

    // Correlation of the difference's change at one step with that at the next, over the latest steps.
    private static double Consecutive(LossHistory history, OpposingPair pair)
    {
        ChangeWindow window = history.LatestChanges();
        var measures = new CampMeasures(window);
        double[] up = measures.MeanChanges(pair.Up.Indices), down = measures.MeanChanges(pair.Down.Indices);
        double[] difference = [.. up.Zip(down, (a, b) => a - b)];
        return difference.Length < 3 ? 0 : CampMeasures.Correlation(difference[1..], difference[..^1]);
    }

    private static IReadOnlyList<LayerShareRecord> LayerShares(Networks.Network network, double[] vector) =>
    [
        .. Networks.StateDict.Tensors(network, vector, ElementType.Float64).Select(tensor =>
            new LayerShareRecord(tensor.Key, tensor.Value.ToDoubles().Sum(x => x * x))),
    ];

    private static CampRecord Describe(SampleGroup group) =>
        new() { Indices = group.Indices, Strengths = group.Strengths, Alternation = group.Alternation };

    // Gradients of the two camps are compared halfway between the last two iterates: at an iterate itself the sign can flip
    // when residuals change sign within the step.
    private static VectorBlock Midpoint(Trainer trainer)
    {
        var midpoint = new VectorBlock(trainer.Parameters.Device, trainer.Parameters.Precision, 1, trainer.Parameters.Length);
        midpoint.CopyFrom(trainer.Parameters);
        if (trainer.LastGood is { } previous)
        {
            midpoint.Combine(previous, new double[,] { { 0.5 } }, scale: 0.5);
        }

        return midpoint;
    }

    private static VectorBlock MeanGradient(RunObjects objects, SampleGroup group, VectorBlock parameters)
    {
        using Objective subset = objects.ObjectiveOf(objects.Data.Training.Select(group.Indices), forwardOnly: false);
        LinearizationPoint point = subset.Linearize(parameters, keepPrimal: false);
        var gradient = new VectorBlock(parameters.Device, parameters.Precision, 1, parameters.Length);
        gradient.CopyFrom(point.Gradient);
        return gradient;
    }

    private static GroupScore? Score(Dataset data, Grouping grouping)
    {
        if (data.PlantedGroups.IsDefaultOrEmpty)
        {
            return null;
        }

        // Groups are planted camp by camp, two to a pair.
        List<(IReadOnlySet<int>, IReadOnlySet<int>)> known = [];
        for (int camp = 0; camp + 1 < data.PlantedGroups.Length; camp += 2)
        {
            known.Add((data.PlantedGroups[camp].Indices.ToHashSet(), data.PlantedGroups[camp + 1].Indices.ToHashSet()));
        }

        return GroupScore.Of(
            [.. grouping.Pairs.Where(pair => pair.Significance?.Confirms() ?? true)], known);
    }

    private static void WriteEigenvector(Run run, EigenSolution top) =>
        SafeTensors.Write(
            run.Folder.Eigenvectors,
            Networks.StateDict.Tensors(run.Objects.Network, top.Vectors.Rows(0, 1).ToArray(), ElementType.Float64),
            new Dictionary<string, string>
            {
                ["step"] = $"{run.Trainer.Step}",
                ["eigenvalue"] = top.Pairs[0].Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
                ["residual"] = top.Pairs[0].Residual.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
            });
}
