using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// Measures pairs at one place: halfway between the last two iterates. At an iterate one camp stands at the top of its
/// swing and the other at the bottom, where residuals are saturated or gone, and the sign of a gradient can flip within
/// the step; halfway, both camps are where the loss changes that chose them come from.
/// </summary>
internal sealed class PairMeasurements : IDisposable
{
    private readonly Run _run;
    private readonly ChangeWindow _window;
    private readonly VectorBlock _midpoint;
    private readonly EigenSolution _solution;
    private readonly StabilityDirections _directions;
    private readonly double[][] _curvatures;
    private readonly OutlierMeasurements _outliers;

    /// <summary>Measures what all pairs share.</summary>
    /// <param name="run">The run at its last checkpoint.</param>
    /// <param name="window">Loss changes over which alternation and shares of change are taken.</param>
    /// <param name="solver">
    /// For the leading directions; those that do not converge are left out, but for the first.
    /// </param>
    /// <param name="preconditioner">P of the optimiser's next step; null for none.</param>
    /// <param name="start">Eigenvectors to start it from, of the Hessian or with P around it.</param>
    /// <param name="randomSamples">Random samples to compare members with.</param>
    public PairMeasurements(
        Run run, ChangeWindow window, BlockLanczos solver, Preconditioner? preconditioner, VectorBlock start,
        int randomSamples)
    {
        (_run, _window) = (run, window);
        _midpoint = Midpoint(run.Trainer);
        LinearizationPoint point = run.Objects.Objective.Linearize(_midpoint);
        _solution = solver.Solve(
            PreconditionedOperator.Of(new CurvatureOperator(point, ProductKind.Hessian), preconditioner), start);
        _directions = new StabilityDirections(_solution, preconditioner);
        _curvatures = [.. SampleCurvatures(point).Chunk(run.Objects.Data.Training.Count)];
        _outliers = new OutlierMeasurements(run.Objects, _midpoint, Curvatures, randomSamples);
    }

    /// <summary>vᵀ∇²ℓᵢv of every sample, v the leading direction there.</summary>
    public double[] Curvatures => _curvatures[0];

    /// <summary>Everything but the signal of a pair.</summary>
    public PairRecord Of(OpposingPair pair, string name)
    {
        using VectorBlock up = MeanGradient(pair.Up);
        using VectorBlock down = MeanGradient(pair.Down);
        double norms = up.Norms()[0] * down.Norms()[0];
        double[,] upAlong = _directions.Vectors.InnerProducts(up), downAlong = _directions.Vectors.InnerProducts(down);
        double[] products =
            [.. Enumerable.Range(0, _curvatures.Length).Select(j => upAlong[j, 0] * downAlong[j, 0] / norms)];
        return new PairRecord
        {
            Name = name,
            Significance = pair.Significance,
            ConsecutiveCorrelation = Consecutive(pair),
            TrajectoryOpposition = pair.TrajectoryOpposition,
            OpposedFrom = pair.OpposedFrom,
            OpposedTo = pair.OpposedTo,
            EnergyShare = pair.EnergyShare,
            SharpnessShare = Share(pair, Curvatures),
            GradientCosine = up.InnerProducts(down)[0, 0] / norms,
            GradientProductAlongTop = products[0],
            Direction = Direction(pair, products),
            Checks = _outliers.Of(pair),
            Up = Describe(pair.Up),
            Down = Describe(pair.Down),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _directions.Dispose();
        _solution.Dispose();
        _midpoint.Dispose();
    }

    // Where the camps' gradients oppose each other most.
    private PairDirection Direction(OpposingPair pair, double[] products)
    {
        int j = Enumerable.Range(0, products.Length)
            .Where(at => at == 0 || _directions.Pairs[at].Converged).MinBy(at => products[at]);
        return new PairDirection
        {
            Number = j + 1,
            Eigenvalue = _directions.Pairs[j].Value,
            Share = Share(pair, _curvatures[j]),
            GradientProduct = products[j],
            Curvature = _outliers.Of(pair, _curvatures[j]),
        };
    }

    private static double Share(OpposingPair pair, double[] curvatures) =>
        pair.Up.Indices.Concat(pair.Down.Indices).Sum(i => curvatures[i]) / curvatures.Sum();

    // A sample of a ghost batch has no curvature of its own; with running statistics it has.
    private double[] SampleCurvatures(LinearizationPoint point)
    {
        if (!_run.Objects.Objective.CouplesSamples)
        {
            return point.SampleCurvatures(_directions.Vectors);
        }

        using Objective separate = _run.Objects.ObjectiveOf(_run.Objects.Data.Training, forwardOnly: false);
        return separate.Linearize(_midpoint).SampleCurvatures(_directions.Vectors);
    }

    // Correlation of the difference's change at one step with that at the next.
    private double Consecutive(OpposingPair pair)
    {
        var measures = new CampMeasures(_window);
        double[] up = measures.MeanChanges(pair.Up.Indices), down = measures.MeanChanges(pair.Down.Indices);
        double[] difference = [.. up.Zip(down, (a, b) => a - b)];
        return difference.Length < 3 ? 0 : CampMeasures.Correlation(difference[1..], difference[..^1]);
    }

    private static CampRecord Describe(SampleGroup group) =>
        new() { Indices = group.Indices, Strengths = group.Strengths, Alternation = group.Alternation };

    private static VectorBlock Midpoint(Trainer trainer)
    {
        var midpoint =
            new VectorBlock(trainer.Parameters.Device, trainer.Parameters.Precision, 1, trainer.Parameters.Length);
        midpoint.CopyFrom(trainer.Parameters);
        if (trainer.LastGood is { } previous)
        {
            midpoint.Combine(previous, new double[,] { { 0.5 } }, scale: 0.5);
        }

        return midpoint;
    }

    private VectorBlock MeanGradient(SampleGroup group)
    {
        using Objective subset =
            _run.Objects.ObjectiveOf(_run.Objects.Data.Training.Select(group.Indices), forwardOnly: false);
        LinearizationPoint point = subset.Linearize(_midpoint, keepPrimal: false);
        var gradient = new VectorBlock(_midpoint.Device, _midpoint.Precision, 1, _midpoint.Length);
        gradient.CopyFrom(point.Gradient);
        return gradient;
    }
}
