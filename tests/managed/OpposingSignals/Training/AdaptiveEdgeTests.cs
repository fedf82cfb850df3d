using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Training;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Training;

/// <summary>
/// Adaptive steps keep the largest eigenvalue of P⁻¹H at their threshold, whatever the sharpness does (Cohen et al.
/// 2022, arXiv 2207.14484): 128 Gaussian inputs of 8 numbers with Gaussian targets, MLP 8-16-16-1 with SiLU, float64.
/// </summary>
public sealed class AdaptiveEdgeTests(ITestOutputHelper output)
{
    private const int Samples = 128, Features = 8, Steps = 600, Seeds = 3;

    [Theory]
    [InlineData("rmsprop", 0.002, 2)]
    [InlineData("adam", 0.003, 38)]
    public void ThePreconditionedSharpnessGoesToTheThreshold(string rule, double stepSize, double threshold)
    {
        double[] medians = [.. Enumerable.Range(0, Seeds).Select(seed => Median(rule, stepSize, seed)).Order()];
        output.WriteLine(string.Join(" ", medians));
        Assert.InRange(medians[Seeds / 2] * stepSize, 0.85 * threshold, 1.15 * threshold);
    }

    // Over the second half of a run.
    private static double Median(string rule, double stepSize, int seed)
    {
        using var device = new CpuDevice(threads: 1);
        var random = new Xoshiro256(7);
        double[] numbers = [.. Enumerable.Range(0, Samples * (Features + 1)).Select(_ => random.NextGaussian())];
        using var objective = new Objective(
            device,
            Precision.Float64,
            ModelCatalog.Build("mlp:16,16:silu", FeatureShape.Vector(Features), 1),
            new SquaredError(),
            HostTensor.From<double>(numbers.AsSpan(0, Samples * Features), Samples, Features),
            HostTensor.From<double>(numbers.AsSpan(Samples * Features), Samples, 1));
        double[] start = Initialization.Named("pytorch").Create(objective.Network, (ulong)seed);
        using var trainer = new Trainer(
            objective, null, Optimizer.Named(rule, stepSize), start,
            new TrainingOptions { Steps = Steps, EigenEvery = 5, GroupEvery = 0, TestEvery = 0 });
        var later = new List<double>();
        trainer.Run((record, _) =>
        {
            if (record.Preconditioned is not { } top)
            {
                return;
            }

            Assert.True(top.Converged);
            Assert.True(record.PreconditionedProducts > 0);
            if (record.Step >= Steps / 2)
            {
                later.Add(top.Value);
            }
        });
        return later.Order().ElementAt(later.Count / 2);
    }
}
