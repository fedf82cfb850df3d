using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Runs;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Networks;

/// <summary>
/// Batch normalisation: what a ghost batch is, and what evaluation uses. Products are in ReferenceTests.
/// </summary>
public sealed class BatchNormTests
{
    private const int Samples = 6;

    [Theory]
    [OnEachDevice]
    public void AGhostBatchIsAnObjectiveOfItsOwn(string deviceName)
    {
        double[] whole = Use(deviceName, 0, Samples, microBatch: 3, Quantities);
        double[] first = Use(deviceName, 0, 3, microBatch: 3, Quantities), second = Use(deviceName, 3, 3, microBatch: 3, Quantities);
        for (int i = 0; i < whole.Length; i++)
        {
            Assert.Equal((first[i] + second[i]) / 2, whole[i], 1e-13);
        }

        double[] coarse = Use(deviceName, 0, Samples, microBatch: 6, Quantities);
        Assert.True(Math.Abs(coarse[0] - whole[0]) > 1e-3, "the size of the ghost batch changes the loss");
    }

    [Fact]
    public void TheGhostBatchMustBeGiven() => Assert.Contains(
        "part of the objective",
        Assert.Throws<InputException>(() => Use("cpu", 0, Samples, microBatch: 0, Quantities)).Message,
        StringComparison.Ordinal);

    [Theory]
    [OnEachDevice]
    public void ASampleHasNoCurvatureOfItsOwn(string deviceName) =>
        Use(deviceName, 0, Samples, microBatch: 3, (objective, theta) =>
    {
        LinearizationPoint point = objective.Linearize(theta);
        Assert.Contains(
            "group normalisation",
            Assert.Throws<InputException>(() => point.SampleCurvatures(theta)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InputException>(() => point.SampleSlopes(theta));
        Assert.Throws<InputException>(() => PlainComparison.Multiply(point, ProductKind.EmpiricalFisher, theta));
        return [];
    });

    [Theory]
    [OnEachDevice]
    public void RunningStatisticsFollowThePyTorchRule(string deviceName)
    {
        // One channel, two ghost batches of the values 1, 2 and 6, 10: means 1.5 and 8, unbiased variances 0.5 and 8.
        Network network = new NetworkBuilder(FeatureShape.Vector(1)).BatchNorm().Build();
        RunningStatistics running = network.Running.Single().Statistics;
        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(
            device, Precision.Float64, network, Loss.Named("mse"), HostTensor.From<double>([1, 2, 6, 10], 4, 1),
            HostTensor.From<double>([0, 0, 0, 0], 4, 1), new ObjectiveOptions { MicroBatch = 2 });
        using VectorBlock theta = PlainComparison.Block(device, Precision.Float64, [1, 0], 1);

        objective.Linearize(theta);
        objective.Evaluate(theta);
        Assert.Equal([0], running.Mean.ToArray());
        Assert.Equal([1], running.Variance.ToArray());

        objective.Linearize(theta).UpdateRunningStatistics();
        Assert.Equal((0.9 * (0.1 * 1.5)) + (0.1 * 8), running.Mean[0], 1e-12);
        Assert.Equal((0.9 * (0.9 + (0.1 * 0.5))) + (0.1 * 8), running.Variance[0], 1e-12);
    }

    [Fact]
    public void AStateDictKeepsRunningStatistics()
    {
        Network network = Build();
        double[] values = Initialization.Named("pytorch").Create(network, 1);
        RunningStatistics running = network.Running.Single().Statistics;
        running.Mean[1] = 3;
        running.Variance[2] = 0.25;
        using var folder = new TemporaryFolder();
        SafeTensors.Write(
            folder["model.safetensors"],
            [
                .. StateDict.Tensors(network, values, ElementType.Float64),
                .. StateDict.RunningTensors(network, ElementType.Float64),
                new("1.num_batches_tracked", HostTensor.From<long>([5])),
            ]);

        Network other = Build();
        Assert.Equal(values, StateDict.Read(folder["model.safetensors"], other));
        Assert.Equal([0, 3, 0, 0], other.Running.Single().Statistics.Mean.ToArray());
        Assert.Equal([1, 1, 0.25, 1], other.Running.Single().Statistics.Variance.ToArray());

        SafeTensors.Write(folder["model.safetensors"], StateDict.Tensors(network, values, ElementType.Float64));
        Assert.Contains(
            "1.running_mean",
            Assert.Throws<InputException>(() => StateDict.Read(folder["model.safetensors"], other)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [OnEachDevice]
    public void AResumedTrainingGoesOnWithItsRunningStatistics(string deviceName)
    {
        using var folder = new TemporaryFolder();
        double[] whole = Train(deviceName, 6, from: null, to: null);
        Train(deviceName, 3, from: null, to: folder["state"]);
        Assert.Equal(whole, Train(deviceName, 6, from: folder["state"], to: null));
        Assert.NotEqual(whole, Train(deviceName, 5, from: null, to: null));
    }

    // Parameters and running means after so many steps, from a checkpoint or the start.
    private static double[] Train(string deviceName, int steps, string? from, string? to) =>
        Use(deviceName, 0, Samples, microBatch: 3, (objective, theta) =>
        {
            using var trainer = new Trainer(
                objective, null, new GradientDescent(0.1), theta.ToArray(),
                new TrainingOptions { Steps = steps, EigenEvery = 0 });
            if (from is not null)
            {
                Checkpoint.Restore(from, trainer);
            }

            trainer.Run((_, _) => { });
            if (to is not null)
            {
                Checkpoint.Write(to, trainer);
            }

            RunningStatistics running = objective.Network.Running.Single().Statistics;
            return [.. trainer.Parameters.ToArray(), .. running.Mean, .. running.Variance];
        });

    private static Network Build() => new NetworkBuilder(new FeatureShape(3, 2, 2))
        .Convolution(4, kernel: 3, padding: 1, bias: false).BatchNorm()
            .Activation(ActivationKind.Tanh).Flatten().Linear(3)
        .Build();

    private static double[] Quantities(Objective objective, VectorBlock theta)
    {
        LinearizationPoint point = objective.Linearize(theta);
        return
        [
            point.Loss, .. point.Gradient.ToArray(), .. PlainComparison.Multiply(point, ProductKind.Hessian, theta),
            .. PlainComparison.Multiply(point, ProductKind.GaussNewton, theta),
        ];
    }

    private static double[] Use(
        string deviceName, int first, int count, int microBatch, Func<Objective, VectorBlock, double[]> use)
    {
        Network network = Build();
        var random = new Xoshiro256(3);
        double[] inputs = [.. Enumerable.Range(0, Samples * 12).Select(_ => random.NextGaussian())];
        long[] targets = [0, 2, 1, 1, 0, 2];
        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(
            device, Precision.Float64, network, Loss.Named("ce"),
            HostTensor.From<double>(inputs.AsSpan(first * 12, count * 12).ToArray(), count, 2, 3, 2),
            HostTensor.From<long>(targets.AsSpan(first, count).ToArray(), count),
            new ObjectiveOptions { MicroBatch = microBatch });
        using VectorBlock theta = PlainComparison.Block(
            device, Precision.Float64, Initialization.Named("pytorch").Create(network, 5), 1);
        return use(objective, theta);
    }
}
