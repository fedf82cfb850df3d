using System.Diagnostics;
using System.Text.Json;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Networks;

/// <summary>Networks of the literature: their sizes, their names, and a trained one with known curvature.</summary>
public sealed class ImageNetworksTests(ITestOutputHelper output)
{
    private const string Model = "data/models/resnet20-cifar10.safetensors";
    private const string ModelFacts = "data/models/resnet20-cifar10.json";
    private const string Pictures = "data/cifar10/data_batch_1.bin.xz";
    private const int Samples = 100;

    // The stored numbers are float64, these float32; relative, measured below 6e-6.
    private const double Bound = 5e-5;

    [Theory]

    // He et al. 2016, table 6, gives 0.27, 0.46, 0.85 and 1.7 million.
    [InlineData("resnet20", 269_722)]
    [InlineData("resnet32", 464_154)]
    [InlineData("resnet56", 853_018)]
    [InlineData("resnet110", 1_727_962)]
    [InlineData("resnet20:groupnorm", 269_722)]

    // As PyTorch counts the common definitions for CIFAR.
    [InlineData("resnet18", 11_173_962)]
    [InlineData("resnet18:64", 11_173_962)]
    [InlineData("resnet18:groupnorm", 11_173_962)]
    [InlineData("resnet18:groupnorm:8", 176_402)]
    [InlineData("vgg11", 9_225_610)]
    [InlineData("vgg11:bn", 9_231_114)]
    [InlineData("resnet20:16", 269_722)]
    [InlineData("vgg11:bn:64", 9_231_114)]
    [InlineData("resnet20:groupnorm:4", 17_326)]
    public void SizesAreThoseOfTheLiterature(string name, long parameters) =>
        Assert.Equal(parameters, ModelCatalog.Build(name, new FeatureShape(32, 32, 3), 10).ParameterCount);

    [Theory]
    [InlineData("resnet21")]
    [InlineData("resnet20:16:groupnorm")]
    [InlineData("resnet20:bn")]
    [InlineData("resnet18:64:groupnorm")]
    [InlineData("vgg11:groupnorm")]
    public void OtherNamesAreRefused(string name) =>
        Assert.Throws<InputException>(() => ModelCatalog.Build(name, new FeatureShape(32, 32, 3), 10));

    [Fact]
    public void ParametersHaveTheNamesOfPyTorch()
    {
        string[] Names(string model) =>
            [.. ModelCatalog.Build(model, new FeatureShape(32, 32, 3), 10).Parameters.Select(
                parameter => parameter.Name)];

        Assert.Equal(
            ["layer2.0.conv1.weight", "layer2.0.bn1.weight", "layer2.0.bn1.bias", "layer2.0.conv2.weight"],
            Names("resnet18").Where(name => name.StartsWith("layer2.0", StringComparison.Ordinal)).Take(4));
        Assert.Contains("layer2.0.shortcut.1.bias", Names("resnet18"));
        Assert.Equal(
            ["features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias", "features.4.weight"],
            Names("vgg11:bn").Take(5));
        Assert.Equal(["classifier.weight", "classifier.bias"], Names("vgg11:bn")[^2..]);
        Assert.Equal("features.18.weight", Names("vgg11")[^4]);
    }

    [FactWithFiles(Model, ModelFacts, Pictures, "/usr/bin/xz")]
    public void ATrainedNetworkHasItsKnownCurvatureInEvaluation() => Check(BatchNormMode.Eval, "eval", microBatch: 40);

    [FactWithFiles(Model, ModelFacts, Pictures, "/usr/bin/xz")]
    public void ATrainedNetworkHasItsKnownCurvatureInTraining() =>
        Check(BatchNormMode.Train, "train", microBatch: Samples);

    private void Check(BatchNormMode mode, string facts, int microBatch)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Shared, ModelFacts)));
        JsonElement expected = document.RootElement.GetProperty(facts);
        Network network = ModelCatalog.Build("resnet20", new FeatureShape(32, 32, 3), 10);
        double[] values = StateDict.Read(Path.Combine(Repository.Shared, Model), network);
        (HostTensor inputs, HostTensor targets) = ReadPictures();
        using var device = new CpuDevice();
        using var objective = new Objective(
            device, Precision.Float32, network, Loss.Named("ce"), inputs, targets,
            new ObjectiveOptions { MicroBatch = microBatch, BatchNorm = mode });
        using var theta = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        theta.CopyFrom(values);
        LinearizationPoint point = objective.Linearize(theta);
        double[] losses = point.SampleLosses.ToArray();
        int largest = Array.IndexOf(losses, losses.Max());
        Assert.Equal(expected.GetProperty("argmax_sample_loss").GetInt32(), largest);
        Close("largest loss", expected.GetProperty("max_sample_loss"), losses[largest]);
        Close("loss", expected.GetProperty("mean_loss"), point.Loss);
        Close("gradient norm", expected.GetProperty("gradient_norm"), point.Gradient.Norms()[0]);

        using EigenSolution top =
            new BlockLanczos(new LanczosOptions { Count = 1, Tolerance = 1e-3, MaximumProducts = 60 })
            .Solve(new CurvatureOperator(point, ProductKind.Hessian));
        Close("top eigenvalue", expected.GetProperty("top_eigenvalues")[0], top.Pairs[0].Value);

        void Close(string quantity, JsonElement known, double actual)
        {
            double error = Math.Abs((actual / known.GetDouble()) - 1);
            Assert.False(!(error <= Bound), $"{quantity}: expected {known.GetDouble():R}, got {actual:R}");
            output.WriteLine($"{quantity}: {error:E1}");
        }
    }

    // Records of a label and 3072 bytes C, H, W; the normalisation is the one that the network was trained with.
    private static (HostTensor Inputs, HostTensor Targets) ReadPictures()
    {
        double[] mean = [0.485, 0.456, 0.406], deviation = [0.229, 0.224, 0.225];
        byte[] records = new byte[Samples * 3073];
        using (var xz = Process.Start(
            new ProcessStartInfo("/usr/bin/xz", ["-dc", Path.Combine(Repository.Shared, Pictures)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!)
        {
            xz.StandardOutput.BaseStream.ReadExactly(records);
        }

        var inputs = new double[Samples * 3072];
        var targets = new long[Samples];
        for (int n = 0; n < Samples; n++)
        {
            targets[n] = records[n * 3073];
            for (int i = 0; i < 3072; i++)
            {
                inputs[(n * 3072) + i] = ((records[(n * 3073) + 1 + i] / 255.0) - mean[i / 1024]) / deviation[i / 1024];
            }
        }

        return (HostTensor.From<double>(inputs, Samples, 3, 32, 32), HostTensor.From<long>(targets, Samples));
    }
}
