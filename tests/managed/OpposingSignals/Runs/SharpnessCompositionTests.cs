using OpposingSignals.Datasets;
using OpposingSignals.Runs;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Runs;

public sealed class SharpnessCompositionTests
{
    [Fact]
    public void SharesAreThoseOfTheSumOfCurvatures()
    {
        double[] curvatures = [4, 3, 2, 1, 0, 0, -1, 1, 0, 0];
        double[] movements = [0, 9, 0, 0, 0, 0, 0, 0, 0, 0];
        var data = new Dataset(
            "d",
            HostTensor.From<float>(new float[10], 10, 1),
            HostTensor.From<long>([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], 10),
            2,
            ["cat", "dog"]);
        SharpnessComposition composition = SharpnessComposition.Of(curvatures, [2, 3, 3], movements, data);
        Assert.Equal(0.3, composition.Pairs, 1e-12);
        Assert.Equal(2, composition.PairSamples);
        Assert.Equal(2, composition.HalfCarriedBy);
        Assert.Equal(0.3, composition.LargestMovers, 1e-12);
        Assert.Equal([("cat", 1.0), ("dog", 0.0)], composition.Labels.Select(label => (label.Name, label.Share)));
        Assert.Contains(
            "half of it lies in 2 of 10 samples (20.0 %)", composition.Explain("sharpness"), StringComparison.Ordinal);
    }
}
