using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Probes;
using OpposingSignals.Runs.Report;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Runs.Probes;

public sealed class ProbeTests
{
    private const int Steps = 4;

    [Fact]
    public void AProbeThatIsASampleIsSeenAsTheSampleIsAndMeasuringItChangesNothing()
    {
        using var folder = new TemporaryFolder();
        DatasetPair data = DatasetCatalog.Load("planted:40");
        SafeTensors.Write(folder["probe.safetensors"], [new("inputs", data.Training.Select([3]).Inputs)]);
        RunConfiguration plain = Configuration(), probed = plain with { Probes = folder["probe.safetensors"] };
        Train(folder["plain"], plain);
        Train(folder["probed"], probed);
        foreach (string file in (string[])["metrics.csv", "checkpoints/model.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(folder["plain/" + file]), File.ReadAllBytes(folder["probed/" + file]));
        }

        using Run run = Run.Inspect(folder["probed"]);
        MetricsTable table = MetricsFile.Read(run.Folder.Probes);
        Assert.Equal([0L, 1, 2, 3, 4], table.Steps);

        // The last row is of the checkpoint's parameters: norms and probabilities taken one by one.
        Objective all = run.Objects.Objective;
        double[] outputs = all.Outputs(run.Trainer.Parameters)[(3 * 10)..(4 * 10)];
        double sum = outputs.Sum(Math.Exp);
        for (int c = 0; c < outputs.Length; c++)
        {
            Assert.Equal(Math.Exp(outputs[c]) / sum, table[$"probe[0].p_{c}"][^1]!.Value, 1e-6);
        }

        foreach (int tensor in all.LastingTensors)
        {
            double[] activations = all.Activations(run.Trainer.Parameters, tensor);
            double[] norms = [.. activations.Chunk(activations.Length / 40).Select(a => Math.Sqrt(a.Sum(x => x * x)))];
            Assert.Equal(norms[3], table[$"probe[0].norm_{tensor - 1}"][^1]!.Value, 1e-5 * norms[3]);
            Assert.Equal(norms.Average(), table[$"data.norm_{tensor - 1}"][^1]!.Value, 1e-5 * norms.Average());
        }
    }

    [Fact]
    public void AResumedRunHasTheProbesOfOneThatWasNotInterrupted()
    {
        using var folder = new TemporaryFolder();
        RunConfiguration probed = Configuration() with { Probes = "sky,#102030" };
        Train(folder["whole"], probed);
        Train(folder["parts"], probed with { Training = probed.Training with { Steps = 2 } });
        using (Run run = Run.Resume(
            folder["parts"], kept => kept with { Training = kept.Training with { Steps = Steps } }))
        {
            run.Train();
        }

        Assert.Equal(File.ReadAllBytes(folder["whole/samples/probes.csv"]), File.ReadAllBytes(
            folder["parts/samples/probes.csv"]));
        using Run whole = Run.Inspect(folder["whole"]);
        string page = HtmlReport.Render(ReportBuilder.Build(whole, RunAnalysis.Analyze(whole)));
        Assert.Contains("<h3>sky</h3>", page, StringComparison.Ordinal);
        Assert.Contains("<h3>#102030</h3>", page, StringComparison.Ordinal);
        Assert.Contains("class probability", page, StringComparison.Ordinal);
    }

    [Fact]
    public void PicturesComeBackFromTheirFilesAndColoursAreNormalisedAsTheDataAre()
    {
        using var folder = new TemporaryFolder();
        DatasetPair data = DatasetCatalog.Load("planted:20");
        ImageSet images = data.Training.Images!;
        File.WriteAllBytes(
            folder["five.png"], PngImage.Encode(images.Width, images.Height, images.Channels, images[5]));
        ProbeSet probes = ProbeSet.Parse($"{folder["five.png"]},#0A141E", data);
        Assert.Equal("five_png #0A141E", string.Join(" ", probes.Names));
        int size = images.Size;
        Assert.Equal(data.Training.Inputs.AsSpan<float>().Slice(5 * size, size), probes.Inputs.AsSpan<float>()[..size]);
        byte[] expected = images.Channels == 3 ? [10, 20, 30] : [18];
        Assert.Equal(expected, probes.Images![1][..images.Channels].ToArray());
    }

    [Theory]
    [InlineData("planted:20", "blue", "'blue' is not a probe")]
    [InlineData("planted:20", "#12345", "is not a probe")]
    [InlineData("planted:20", "sky,", "'' is not a probe")]
    [InlineData("planted:20", "missing.png", "missing.png cannot be read")]
    [InlineData("planted:20", "missing.safetensors", "missing.safetensors")]
    [InlineData("chebyshev:3:10", "sky", "not pictures")]
    public void WhatIsNoProbeIsSaidSo(string dataset, string probes, string words)
    {
        InputException refusal =
            Assert.ThrowsAny<InputException>(() => ProbeSet.Parse(probes, DatasetCatalog.Load(dataset)));
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADamagedPictureIsRefusedWhereverItIsCut()
    {
        using var folder = new TemporaryFolder();
        DatasetPair data = DatasetCatalog.Load("planted:20");
        ImageSet images = data.Training.Images!;
        byte[] png = PngImage.Encode(images.Width, images.Height, images.Channels, images[0]);
        for (int length = 0; length < png.Length - 12; length += 37)
        {
            File.WriteAllBytes(folder["cut.png"], png[..length]);
            Assert.ThrowsAny<InputException>(() => ProbeSet.Parse(folder["cut.png"], data));
        }
    }

    private static RunConfiguration Configuration() => new()
    {
        Model = "cnn:3:relu:maxpool",
        Data = "planted:40",
        StepSize = 0.05,
        Threads = 1,
        Training = new TrainingOptions { Steps = Steps, EigenEvery = 2, TestEvery = 0 },
    };

    private static void Train(string folder, RunConfiguration configuration)
    {
        using Run run = Run.Create(folder, configuration);
        Assert.Equal(TrainingOutcome.StepsTaken, run.Train());
    }
}
