using OpposingSignals.Datasets;

namespace OpposingSignals.Tests.Datasets;

public sealed class PlantedImagesTests
{
    [Fact]
    public void CampsOfAPairShareAColourThatNoOtherSampleHas()
    {
        DatasetPair pair = PlantedImages.Create(new PlantedImagesOptions { Samples = 1000, Pairs = 2, Seed = 5 });
        foreach (Dataset dataset in new[] { pair.Training, pair.Test! })
        {
            long[] labels = dataset.Targets.AsSpan<long>().ToArray();
            Assert.Equal(4, dataset.PlantedGroups.Length);
            for (int g = 0; g < 4; g++)
            {
                // One percent of the samples, each of the camp's own class.
                Assert.Equal(dataset.Count / 100, dataset.PlantedGroups[g].Indices.Length);
                Assert.All(dataset.PlantedGroups[g].Indices, i => Assert.Equal(g, labels[i]));
                Assert.Equal(dataset.PlantedGroups[g].Indices.Order(), dataset.PlantedGroups[g].Indices);
            }

            // Means over 256 pixels have a standard deviation of 24 / 16 = 1.5 grey levels.
            int[] camps = new int[dataset.Count];
            for (int g = 0; g < 4; g++)
            {
                foreach (int i in dataset.PlantedGroups[g].Indices)
                {
                    camps[i] = g + 1;
                }
            }

            for (int i = 0; i < dataset.Count; i++)
            {
                double red = Mean(dataset.Images!, i, 0), blue = Mean(dataset.Images!, i, 2);
                string seen = blue > 200 ? "sky" : red > 200 ? "red" : Math.Abs(red - 128) < 10 ? "grey" : "?";
                Assert.Equal(camps[i] switch { 0 => "grey", 1 or 2 => "sky", _ => "red" }, seen);
            }
        }
    }

    [Fact]
    public void ClassesAreBalancedAndTheSignalHasItsAmplitude()
    {
        var options = new PlantedImagesOptions { Samples = 400, Pairs = 0,
            Classes = 4, NoiseAmplitude = 0, SignalAmplitude = 20 };
        Dataset dataset = PlantedImages.Create(options).Training;
        Assert.Empty(dataset.PlantedGroups);
        Assert.All(
            dataset.Targets.AsSpan<long>().ToArray().CountBy(label => label), group => Assert.Equal(100, group.Value));
        for (int i = 0; i < 20; i++)
        {
            double square = 0;
            foreach (byte value in dataset.Images![i])
            {
                square += (value - 128.0) * (value - 128.0);
            }

            // Rounding to whole grey levels adds 1/12 to the square.
            Assert.Equal(20, Math.Sqrt(square / dataset.Images.Size), 0.1);
        }
    }

    [Fact]
    public void TheSeedDecidesEverything()
    {
        var options = new PlantedImagesOptions { Samples = 50, Seed = 3 };
        Dataset a = PlantedImages.Create(options).Training, b = PlantedImages.Create(options).Training;
        Dataset other = PlantedImages.Create(options with { Seed = 4 }).Training;
        Assert.True(a.Inputs.Bytes.SequenceEqual(b.Inputs.Bytes));
        Assert.True(a.Targets.Bytes.SequenceEqual(b.Targets.Bytes));
        Assert.False(a.Inputs.Bytes.SequenceEqual(other.Inputs.Bytes));
    }

    public static TheoryData<PlantedImagesOptions> Wrong =>
    [
        new() { Samples = 9 },
        new() { Samples = int.MaxValue },
        new() { Pairs = -1 },
        new() { Pairs = 6 },
        new() { Classes = 1, Pairs = 0 },
        new() { Classes = 11 },
        new() { Share = 0.2 },
        new() { Share = double.NaN },
        new() { Side = 3 },
        new() { SignalAmplitude = 0 },
        new() { NoiseAmplitude = double.NaN },
        new() { FeatureAmplitude = double.PositiveInfinity },
    ];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void OptionsOutOfRangeAreRefused(PlantedImagesOptions options) =>
        Assert.Throws<DatasetException>(() => PlantedImages.Create(options));

    private static double Mean(ImageSet images, int i, int channel)
    {
        double sum = 0;
        for (int p = channel; p < images.Size; p += 3)
        {
            sum += images[i][p];
        }

        return sum / (images.Size / 3);
    }
}
