using OpposingSignals.Datasets;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class NormalizationTests
{
    [Fact]
    public void PixelStatisticsAreThoseOfEachChannelOfEachPixel()
    {
        ImageSet images = Some(50, seed: 1);
        var normalization = Normalization.Fit(NormalizationScheme.Pixel, images);
        float[] inputs = normalization.Apply(images).AsSpan<float>().ToArray();
        for (int c = 0; c < 3; c++)
        {
            for (int p = 0; p < 6; p++)
            {
                double[] values = [.. Enumerable.Range(0, 50).Select(i => images[i][(p * 3) + c] / 255.0)];
                AssertStandardised(values, [.. Enumerable.Range(0, 50).Select(i => inputs[(i * 18) + (c * 6) + p])]);
            }
        }
    }

    [Fact]
    public void ChannelStatisticsAreThoseOfAllPixels()
    {
        ImageSet images = Some(50, seed: 2);
        var normalization = Normalization.Fit(NormalizationScheme.Channel, images);
        HostTensor tensor = normalization.Apply(images);
        Assert.Equal([50, 3, 2, 3], tensor.Shape.ToArray());
        float[] inputs = tensor.AsSpan<float>().ToArray();
        for (int c = 0; c < 3; c++)
        {
            var at = Enumerable.Range(0, 50).SelectMany(i => Enumerable.Range(0, 6).Select(p => (i, p))).ToArray();
            AssertStandardised(
                [.. at.Select(a => images[a.i][(a.p * 3) + c] / 255.0)],
                [.. at.Select(a => inputs[(a.i * 18) + (c * 6) + a.p])]);
        }
    }

    [Fact]
    public void PlainSchemesOnlyScale()
    {
        var images = new ImageSet(1, 1, 3, [0, 51, 255]);
        Assert.Equal([0f, 51f, 255f],
            Normalization.Fit(NormalizationScheme.None, images).Apply(images).AsSpan<float>().ToArray());
        Assert.Equal([0f, 0.2f, 1f],
            Normalization.Fit(NormalizationScheme.Unit, images).Apply(images).AsSpan<float>().ToArray());
    }

    [Fact]
    public void APixelThatNeverChangesBecomesZero()
    {
        var images = new ImageSet(2, 1, 1, [7, 1, 7, 2, 7, 3]);
        var normalization = Normalization.Fit(NormalizationScheme.Pixel, images);
        Assert.Equal(1, normalization.Deviation[0]);
        Assert.Equal(0, normalization.Apply(images).AsSpan<float>()[0]);

        // Another picture differs there, by its distance in units of the full range.
        Assert.Equal(
            (float)((12 - 7) / 255.0), normalization.Apply(new ImageSet(2, 1, 1, [12, 2])).AsSpan<float>()[0], 1e-7f);
    }

    [Theory]
    [InlineData("none", NormalizationScheme.None)]
    [InlineData("unit", NormalizationScheme.Unit)]
    [InlineData("pixel", NormalizationScheme.Pixel)]
    [InlineData("channel", NormalizationScheme.Channel)]
    [InlineData("imagenet", NormalizationScheme.ImageNet)]
    public void TensorsBringBackTheSameInputsBitForBit(string name, NormalizationScheme scheme)
    {
        using var folder = new TemporaryFolder();
        ImageSet training = Some(20, seed: 3), probe = Some(4, seed: 4);
        var normalization = Normalization.Fit(Normalization.ParseScheme(name), training);
        SafeTensors.Write(folder["n.safetensors"], normalization.ToTensors());
        var restored = Normalization.FromTensors(SafeTensors.Read(folder["n.safetensors"]).Tensors);
        Assert.Equal(scheme, restored.Scheme);
        Assert.True(normalization.Apply(probe).Bytes.SequenceEqual(restored.Apply(probe).Bytes));
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        var normalization = Normalization.Fit(NormalizationScheme.Pixel, Some(5, seed: 5));
        Assert.Throws<ArgumentException>(() => normalization.Apply(new ImageSet(2, 3, 3, new byte[18])));
        Assert.Throws<ArgumentException>(() => Normalization.Fit(NormalizationScheme.Unit, new ImageSet(1, 1, 1, [])));
        Assert.Throws<DatasetException>(() => Normalization.ParseScheme("Pixel"));
        Assert.Throws<DatasetException>(
            () => Normalization.Fit(NormalizationScheme.ImageNet, new ImageSet(1, 1, 1, [7])));

        Dictionary<string, HostTensor> tensors = new(normalization.ToTensors());
        Assert.Throws<DatasetException>(() => Normalization.FromTensors(new Dictionary<string, HostTensor>()));
        tensors["normalization.std"] = new HostTensor(ElementType.Float64, 3, 2, 3);
        Assert.Throws<DatasetException>(() => Normalization.FromTensors(tensors));
        tensors.Remove("normalization.std");
        Assert.Throws<DatasetException>(() => Normalization.FromTensors(tensors));
    }

    /// <summary>Compares with the two-pass formula of the population's mean and deviation.</summary>
    private static void AssertStandardised(double[] values, float[] inputs)
    {
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Select(v => (v - mean) * (v - mean)).Average());
        for (int i = 0; i < values.Length; i++)
        {
            // Inputs are a few units in size: one rounding to float32 and a little float64 noise.
            Assert.Equal((values[i] - mean) / deviation, inputs[i], 5e-7);
        }
    }

    private static ImageSet Some(int count, int seed)
    {
        byte[] samples = new byte[count * 18];
        new Random(seed).NextBytes(samples);
        return new ImageSet(3, 2, 3, samples);
    }
}
