using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Outliers;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// Measures pairs at one place: halfway between the last two iterates. At an iterate one camp stands at the top of its swing and the
/// other at the bottom, where residuals are saturated or gone, and the sign of a gradient can flip within the step; halfway, both
/// camps are where the loss changes that chose them come from.
/// </summary>
internal sealed class PairMeasurements : IDisposable
{
    private readonly Run _run;
    private readonly ChangeWindow _window;
    private readonly VectorBlock _midpoint;
    private readonly EigenSolution _top;
    private readonly OutlierMeasurements _outliers;

    /// <summary>Measures what all pairs share.</summary>
    /// <param name="run">The run at its last checkpoint.</param>
    /// <param name="window">Loss changes over which alternation and shares of change are taken.</param>
    /// <param name="solver">For the top eigenvector.</param>
    /// <param name="start">Vectors to start it from.</param>
    public PairMeasurements(Run run, ChangeWindow window, BlockLanczos solver, VectorBlock start)
    {
        (_run, _window) = (run, window);
        _midpoint = Midpoint(run.Trainer);
        LinearizationPoint point = run.Objects.Objective.Linearize(_midpoint);
        _top = solver.Solve(new CurvatureOperator(point, ProductKind.Hessian), start);
        Curvatures = SampleCurvatures(point);
        _outliers = new OutlierMeasurements(run.Objects, _midpoint, Curvatures);
    }

    /// <summary>vᵀ∇²ℓᵢv of every sample, v the top eigenvector there.</summary>
    public double[] Curvatures { get; }

    /// <summary>Everything but the name and the signal of a pair.</summary>
    public PairRecord Of(OpposingPair pair)
    {
        using VectorBlock up = MeanGradient(pair.Up);
        using VectorBlock down = MeanGradient(pair.Down);
        using VectorBlock top = _top.Vectors.Rows(0, 1);
        double norms = up.Norms()[0] * down.Norms()[0];
        double carried = pair.Up.Indices.Concat(pair.Down.Indices).Sum(i => Curvatures[i]);
        return new PairRecord
        {
            Significance = pair.Significance,
            ConsecutiveCorrelation = Consecutive(pair),
            TrajectoryOpposition = pair.TrajectoryOpposition,
            OpposedFrom = pair.OpposedFrom,
            OpposedTo = pair.OpposedTo,
            EnergyShare = pair.EnergyShare,
            SharpnessShare = carried / Curvatures.Sum(),
            GradientCosine = up.InnerProducts(down)[0, 0] / norms,
            GradientProductAlongTop = up.InnerProducts(top)[0, 0] * down.InnerProducts(top)[0, 0] / norms,
            Checks = _outliers.Of(pair),
            Up = Describe(pair.Up),
            Down = Describe(pair.Down),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _top.Dispose();
        _midpoint.Dispose();
    }

    // A sample of a ghost batch has no curvature of its own; with running statistics it has.
    private double[] SampleCurvatures(LinearizationPoint point)
    {
        if (!_run.Objects.Objective.CouplesSamples)
        {
            return point.SampleCurvatures(_top.Vectors);
        }

        using Objective separate = _run.Objects.ObjectiveOf(_run.Objects.Data.Training, forwardOnly: false);
        return separate.Linearize(_midpoint).SampleCurvatures(_top.Vectors);
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
        var midpoint = new VectorBlock(trainer.Parameters.Device, trainer.Parameters.Precision, 1, trainer.Parameters.Length);
        midpoint.CopyFrom(trainer.Parameters);
        if (trainer.LastGood is { } previous)
        {
            midpoint.Combine(previous, new double[,] { { 0.5 } }, scale: 0.5);
        }

        return midpoint;
    }

    private VectorBlock MeanGradient(SampleGroup group)
    {
        using Objective subset = _run.Objects.ObjectiveOf(_run.Objects.Data.Training.Select(group.Indices), forwardOnly: false);
        LinearizationPoint point = subset.Linearize(_midpoint, keepPrimal: false);
        var gradient = new VectorBlock(_midpoint.Device, _midpoint.Precision, 1, _midpoint.Length);
        gradient.CopyFrom(point.Gradient);
        return gradient;
    }
}
