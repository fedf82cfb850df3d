using System.Text.Json;
using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// What a run's last checkpoint tells about its samples: the opposing groups, what each carries of the sharpness, and
/// how their gradients oppose each other. Nothing here changes the run.
/// </summary>
public static class RunAnalysis
{
    // Pairs lie along the first few eigenvectors, and each costs products.
    private const int MostDirections = 8;

    /// <summary>Random samples that a pair's members are compared with where nothing else is asked for.</summary>
    public const int DefaultRandomSamples = 200;

    /// <summary>
    /// Finds the groups, measures them, and writes <c>samples/groups.json</c> and the top eigenvector.
    /// </summary>
    /// <param name="run">The run at its last checkpoint.</param>
    /// <param name="randomSamples">Random samples that each pair's members are compared with, at most all that there are:
    /// the more, the better their 95th percentile is known. Each costs a gradient and some 20 products of one
    /// sample.</param>
    /// <exception cref="InputException"><paramref name="randomSamples"/> is not positive.</exception>
    public static GroupsRecord Analyze(Run run, int randomSamples = DefaultRandomSamples)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (randomSamples <= 0)
        {
            throw new InputException($"{randomSamples} random samples cannot be compared with; at least 1.");
        }

        Trainer trainer = run.Trainer;
        Objective objective = run.Objects.Objective;
        ChangeWindow window = trainer.Groups.SearchedChanges();
        Grouping grouping = trainer.Groups.Search();

        // Tight enough for shares of the sharpness to two digits.
        var solver = new BlockLanczos(new LanczosOptions { Tolerance = 1e-3, MaximumProducts = 300 });
        LinearizationPoint point = objective.Linearize(trainer.Parameters);
        double[] losses = point.SampleLosses.ToArray();
        var hessian = new CurvatureOperator(point, ProductKind.Hessian);
        using EigenSolution top = solver.Solve(hessian);
        using VectorBlock gradient = Copy(point.Gradient);
        Preconditioner? preconditioner = trainer.Optimizer.PreconditionerAt(gradient, trainer.OptimizerState);
        using EigenSolution? preconditioned = Preconditioned(solver, hessian, ref preconditioner);
        EigenSolution bounded = preconditioned ?? top;
        using var directions = new StabilityDirections(bounded, preconditioner);
        using VectorBlock leading = directions.Vectors.Rows(0, 1);
        GroupScore? score = Score(run.Objects.Data.Training, grouping);
        var signals = new PairSignals(run.Objects, trainer.Parameters, leading);
        long? crossing = EdgeCrossing.Of(run);
        ChangeWindow atTheEdge = AtTheEdge(trainer.History, window, crossing);
        using VectorBlock start = bounded.Vectors.Rows(0, 1);
        using var measurements =
            new PairMeasurements(run, atTheEdge, ForPairs(run), preconditioner, start, randomSamples);
        PairRecord[] pairs = [.. grouping.Pairs.Zip(
            trainer.Groups.Pairs.Current, (pair, followed) => Describe(pair, followed, measurements, signals))];
        IReadOnlyList<SpikeRecord> spikes = LossSpikes.Find(trainer.History, crossing, pairs);
        // The last step may be that spike itself.
        LargestMovers[] movers =
        [
            .. LargestMovers.At(LossSpikes.FirstAfter(crossing, spikes), trainer.History, atTheEdge)
                .Where(taken => taken.Step != trainer.Step),
            .. LargestMovers.At(trainer.Step, losses, trainer.History, atTheEdge),
        ];
        var record = new GroupsRecord
        {
            Step = trainer.Step,
            WindowFirst = window.Steps.IsEmpty ? trainer.Step : window.Steps[0],
            WindowLast = window.Steps.IsEmpty ? trainer.Step : window.Steps[^1],
            Sharpness = top.Pairs[0].Value,
            SharpnessResidual = top.Pairs[0].Residual,
            SharpnessConverged = top.Pairs[0].Converged,
            PreconditionedSharpness = preconditioned?.Pairs[0].Value,
            DirectionsConverged = bounded.Pairs[0].Converged,
            LossConvention = objective.Convention,
            SamplesInEvaluationMode = objective.CouplesSamples,
            Precision = score?.Precision,
            Recall = score?.Recall,
            Spikes = spikes,
            LayerShares = LayerShares(run.Objects.Network, leading.ToArray()),
            Pairs = pairs,
            Movers =
            [
                .. movers.Select(taken =>
                    new MoversRecord(taken.Step, measurements.Of(taken.Pair, taken.Name))),
            ],
            Composition = SharpnessComposition.Of(
                measurements.Curvatures,
                pairs.SelectMany(pair => pair.Up.Indices.Concat(pair.Down.Indices)),
                MoverSelection.Energies(window),
                run.Objects.Data.Training),
        };
        AtomicFile.WriteText(run.Folder.Groups, JsonSerializer.Serialize(record, RunJson.Default.GroupsRecord));
        SafeTensors.Write(run.Folder.Signals, signals.Arrays);
        WriteEigenvector(run, top);
        return record;
    }

    private static EigenSolution? Preconditioned(
        BlockLanczos solver, ISymmetricOperator hessian, ref Preconditioner? preconditioner)
    {
        try
        {
            return preconditioner is null ? null : solver.Solve(new PreconditionedOperator(hessian, preconditioner));
        }
        catch (NonFiniteOperatorException)
        {
            // P⁻¹ is too large where ε is tiny and no gradient has come yet: the Hessian's own directions are left.
            preconditioner = null;
            return null;
        }
    }

    // The objective's own is overwritten where the next point is taken, and P would be with it.
    private static VectorBlock Copy(VectorBlock vector)
    {
        var copy = new VectorBlock(vector.Device, vector.Precision, vector.Count, vector.Length);
        copy.CopyFrom(vector);
        return copy;
    }

    // As many eigenvectors as the run follows.
    private static BlockLanczos ForPairs(Run run) => new(new LanczosOptions
    {
        Count = Math.Clamp(run.Objects.Configuration.Training.EigenCount, 1, MostDirections),
        Tolerance = 1e-2,
        MaximumProducts = 300,
    });

    private static PairRecord Describe(
        OpposingPair pair, FollowedPair followed, PairMeasurements measurements, PairSignals signals) =>
        measurements.Of(pair, followed.Name) with
        {
            FirstStep = followed.FirstStep,
            Stability = followed.Sightings > 1 ? followed.Stability : null,
            Signal = signals.Of(pair, followed.Name),
        };

    private static IReadOnlyList<LayerShareRecord> LayerShares(Networks.Network network, double[] vector) =>
    [
        .. Networks.StateDict.Tensors(network, vector, ElementType.Float64).Select(tensor =>
            new LayerShareRecord(tensor.Key, tensor.Value.ToDoubles().Sum(x => x * x))),
    ];

    // Before the edge nothing alternates.
    private static ChangeWindow AtTheEdge(LossHistory history, ChangeWindow latest, long? crossing)
    {
        if (crossing is not { } edge || latest.Steps.IsEmpty || edge <= latest.Steps[0])
        {
            return latest;
        }

        ChangeWindow after = history.Changes(firstStep: edge);
        return after.Steps.Length < 3 ? latest : after;
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
