using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Runs;
using OpposingSignals.Tests.Support;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Runs;

public sealed class PairDirectionTests
{
    private const int Eigenvectors = 3;

    [Theory]
    [InlineData("gd", 0.15)]
    [InlineData("adam", 0.002)]
    public void APairBelongsToTheEigenvectorAlongWhichItsGradientsOpposeEachOtherMost(string rule, double stepSize)
    {
        using var folder = new TemporaryFolder();
        using Run run = Run.Create(folder["run"], new RunConfiguration
        {
            Model = "mlp:8:tanh",
            Data = "planted:300:2:0",
            Loss = "mse",
            Optimizer = rule,
            StepSize = stepSize,
            Precision = Precision.Float64,
            Threads = 1,
            Training = new TrainingOptions { Steps = 30, EigenCount = Eigenvectors, EigenEvery = 10, TestEvery = 0 },
        });
        Assert.Equal(TrainingOutcome.StepsTaken, run.Train());
        GroupsRecord groups = RunAnalysis.Analyze(run);
        MoversRecord movers = groups.Movers[^1];
        PairDirection found = movers.Pair.Direction!;

        // The same from slopes, which need no gradients of subsets.
        using var midpoint =
            new VectorBlock(run.Trainer.Parameters.Device, Precision.Float64, 1, run.Trainer.Parameters.Length);
        using var gradient = new VectorBlock(midpoint.Device, Precision.Float64, 1, midpoint.Length);
        gradient.CopyFrom(run.Objects.Objective.Linearize(run.Trainer.Parameters).Gradient);
        Preconditioner? preconditioner =
            run.Trainer.Optimizer.PreconditionerAt(gradient, run.Trainer.OptimizerState);
        Assert.Equal(preconditioner is not null, groups.PreconditionedSharpness is not null);
        midpoint.CopyFrom(run.Trainer.Parameters);
        midpoint.Combine(run.Trainer.LastGood!, new double[,] { { 0.5 } }, scale: 0.5);
        LinearizationPoint point = run.Objects.Objective.Linearize(midpoint);
        using EigenSolution eigen = new BlockLanczos(new LanczosOptions { Count = Eigenvectors, Tolerance = 1e-6 })
            .Solve(PreconditionedOperator.Of(new CurvatureOperator(point, ProductKind.Hessian), preconditioner));
        using var directions = new StabilityDirections(eigen, preconditioner);
        (double[] slopes, double[] curvatures) = point.SampleDerivatives(directions.Vectors);
        int samples = run.Objects.Data.Training.Count;
        IReadOnlyList<int> up = movers.Pair.Up.Indices, down = movers.Pair.Down.Indices;
        double[] products = [.. Enumerable.Range(0, Eigenvectors).Select(j =>
            up.Average(i => slopes[(j * samples) + i]) * down.Average(i => slopes[(j * samples) + i]))];
        int expected = Array.IndexOf(products, products.Min());
        Assert.Equal(expected + 1, found.Number);
        Assert.Equal(eigen.Pairs[expected].Value, found.Eigenvalue, 1e-3 * eigen.Pairs[0].Value);
        Assert.Equal(
            products[expected] / products[0], found.GradientProduct / movers.Pair.GradientProductAlongTop, 0.05);

        double[] along = curvatures[(expected * samples)..((expected + 1) * samples)];
        double share = up.Concat(down).Sum(i => along[i]) / along.Sum();
        Assert.Equal(share, found.Share, 0.02);
        double[] members = [.. up.Concat(down).Select(i => along[i]).Order()];
        Assert.InRange(found.Curvature.Members, 0.95 * members[(members.Length / 2) - 2],
            1.05 * members[(members.Length / 2) + 2]);
    }
}
