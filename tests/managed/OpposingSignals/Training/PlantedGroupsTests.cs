using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;
using OpposingSignals.Training;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Training;

/// <summary>Opposing signals planted in generated pictures are found by training on them, without being told.</summary>
public sealed class PlantedGroupsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void ThePlantedPairIsFound(int seed)
    {
        using var device = new CpuDevice(threads: 1);
        Dataset data = DatasetCatalog.Load($"planted:2000:1:{seed}").Training;
        Network network = ModelCatalog.Build("mlp:64:tanh", new FeatureShape(16, 16, 3), data.OutputCount);
        using var objective = new Objective(
            device, Precision.Float32, network, new SquaredError(), data.Inputs, data.Targets);
        double[] start = Initialization.Named("pytorch").Create(network, (ulong)seed);
        using var trainer = new Trainer(
            objective, null, new GradientDescent(0.15), start,
            new TrainingOptions { Steps = 500, EigenEvery = 0, TestEvery = 0 });
        trainer.Run((_, _) => { });

        Grouping found = GroupFinder.Find(trainer.History.LatestChanges());
        GroupScore score = GroupScore.Of(
            found.Pairs,
            [(data.PlantedGroups[0].Indices.ToHashSet(), data.PlantedGroups[1].Indices.ToHashSet())]);
        output.WriteLine($"precision {score.Precision:F3}, recall {score.Recall:F3}");
        Assert.Single(found.Pairs);
        Assert.InRange(score.Precision, 0.9, 1);
        Assert.InRange(score.Recall, 0.9, 1);
    }

    /// <summary>
    /// A lean form of <c>bench/outliers/run planted</c>: by direction, and none where none are planted.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void PairsAreConfirmedByDirectionAndOnlyWhereTheyArePlanted(int pairs)
    {
        using var device = new CpuDevice(threads: 1);
        Dataset data = DatasetCatalog.Load($"planted:2000:{pairs}:0").Training;
        Network network = ModelCatalog.Build("mlp:32:tanh", new FeatureShape(16, 16, 3), data.OutputCount);
        using var objective = new Objective(
            device, Precision.Float32, network, new SquaredError(), data.Inputs, data.Targets);
        using var trainer = new Trainer(
            objective, null, new GradientDescent(0.15), Initialization.Named("pytorch").Create(network, 0),
            new TrainingOptions { Steps = 300, EigenEvery = 8, EigenCount = 8, EigenTolerance = 0.05, TestEvery = 0 });
        trainer.Run((_, _) => { });
        AssertFound(trainer, data, pairs);
    }

    /// <summary>
    /// Adam's steps oscillate along eigenvectors of P⁻¹H: along those of the Hessian one of the two pairs is not found.
    /// </summary>
    [Fact]
    public void PairsAreFoundAlongTheDirectionsInWhichAdamIsUnstable()
    {
        using var device = new CpuDevice(threads: 1);
        Dataset data = DatasetCatalog.Load("planted:2000:2:1").Training;
        Network network = ModelCatalog.Build("mlp:32:tanh", new FeatureShape(16, 16, 3), data.OutputCount);
        using var objective = new Objective(
            device, Precision.Float32, network, new SquaredError(), data.Inputs, data.Targets);
        using var trainer = new Trainer(
            objective, null, new Adam(0.001), Initialization.Named("pytorch").Create(network, 1),
            new TrainingOptions { Steps = 400, EigenEvery = 4, EigenCount = 8, EigenTolerance = 0.05, TestEvery = 0 });
        trainer.Run((_, _) => { });
        AssertFound(trainer, data, pairs: 2);
    }

    private void AssertFound(Trainer trainer, Dataset data, int pairs)
    {
        OpposingPair[] confirmed = [.. trainer.Groups.Search().Pairs.Where(pair => pair.Significance!.Confirms())];
        GroupScore score = GroupScore.Of(confirmed, [.. Enumerable.Range(0, pairs).Select(p => (
            (IReadOnlySet<int>)data.PlantedGroups[2 * p].Indices.ToHashSet(),
            (IReadOnlySet<int>)data.PlantedGroups[(2 * p) + 1].Indices.ToHashSet()))]);
        output.WriteLine($"{confirmed.Length} pairs, precision {score.Precision:F3}, recall {score.Recall:F3}");
        Assert.Equal(pairs, confirmed.Length);
        Assert.InRange(score.Precision, 0.95, 1);
        Assert.InRange(score.Recall, 0.95, 1);
    }
}
