using OpposingSignals.Datasets;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class DatasetCatalogTests
{
    [Theory]
    [InlineData("planted", "planted:2000:1:0", 2000, 10)]
    [InlineData("planted:100", "planted:100:1:0", 100, 10)]
    [InlineData("planted:100:3:18446744073709551615", "planted:100:3:18446744073709551615", 100, 10)]
    [InlineData("chebyshev:4:20", "chebyshev:4:20", 20, 1)]
    public void GeneratedDataNeedNoFiles(string name, string canonical, int count, int outputs)
    {
        DatasetPair pair = DatasetCatalog.Load(name, [], null);
        Assert.Equal(canonical, pair.Training.Name);
        Assert.Equal(count, pair.Training.Count);
        Assert.Equal(outputs, pair.Training.OutputCount);
    }

    [Theory]
    [InlineData("mnist", "mnist")]
    [InlineData("mnist", "MNIST/raw")]
    [InlineData("fashion-mnist", "fashion-mnist")]
    [InlineData("fashion-mnist", "FashionMNIST/raw")]
    public void TheFirstFolderThatHoldsEveryFileIsTaken(string name, string under)
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();
        MnistTests.Write(first, under, 3, 1);
        MnistTests.Write(second, under, 5, 1);
        Assert.Equal(3, DatasetCatalog.Load(name, [first.Path, second.Path], null).Training.Count);
        Assert.Equal(5, DatasetCatalog.Load(name, [second.Path, first.Path], null).Training.Count);
        Assert.Equal(NormalizationScheme.Channel, DatasetCatalog.Load(name, [first.Path], null).Normalization!.Scheme);
        Assert.Equal(
            NormalizationScheme.Unit,
            DatasetCatalog.Load(name, [first.Path], NormalizationScheme.Unit).Normalization!.Scheme);

        File.Delete(first[under, Mnist.FileNames[1]]);
        Assert.Equal(2, DatasetCatalog.Load($"{name}:2", [first.Path, second.Path], null).Training.Count);
        string message = Message(name, first.Path);
        Assert.Contains(Mnist.FileNames[1], message, StringComparison.Ordinal);
        Assert.DoesNotContain(Mnist.FileNames[0], message, StringComparison.Ordinal);
    }

    [Fact]
    public void ArraysKeepTheColonsOfTheirPath()
    {
        using var folder = new TemporaryFolder();
        string path = folder["a:b.safetensors"];
        SafeTensors.Write(
            path, [new("inputs", HostTensor.From([1f], 1, 1)), new("targets", HostTensor.From([1f], 1, 1))]);
        Assert.Equal($"arrays:{path}", DatasetCatalog.Load($"arrays:{path}", [], null).Training.Name);
    }

    [Theory]
    [InlineData("", "known are cifar10[:COUNT]")]
    [InlineData("cifar100", "known are cifar10[:COUNT]")]
    [InlineData("cifar10:", "the form cifar10[:COUNT]")]
    [InlineData("cifar10:5k", "the form cifar10[:COUNT]")]
    [InlineData("cifar10:-5", "the form cifar10[:COUNT]")]
    [InlineData("mnist:5:5", "the form mnist[:COUNT]")]
    [InlineData("chebyshev:4", "the form chebyshev:DEGREE:POINTS")]
    [InlineData("chebyshev:4:99999999999", "the form chebyshev:DEGREE:POINTS")]
    [InlineData("planted:1:2:3:4", "the form planted[")]
    [InlineData("planted:100:6", "6 pairs")]
    [InlineData("arrays:", "the form arrays:FILE.safetensors")]
    [InlineData("cifar10", "tar.gz")]
    [InlineData("fashion-mnist", "apt-get install dataset-fashion-mnist")]
    public void AWrongNameIsAnsweredByOneLineThatSaysWhatToDo(string name, string expected)
    {
        using var folder = new TemporaryFolder();
        string message = Message(name, folder.Path);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void DataThatAreNotPicturesAreNotNormalised()
    {
        Assert.Null(DatasetCatalog.Load("chebyshev:3:9", [], NormalizationScheme.None).Normalization);
        Assert.Throws<DatasetException>(() => DatasetCatalog.Load("chebyshev:3:9", [], NormalizationScheme.Pixel));
    }

    [Fact]
    public void TheGivenFolderIsSearchedBeforeTheEnvironmentsAndTheSystems()
    {
        string? before = Environment.GetEnvironmentVariable(DatasetSearch.EnvironmentVariable);
        try
        {
            Environment.SetEnvironmentVariable(DatasetSearch.EnvironmentVariable, "/from/environment");
            Assert.Equal(
                ["/given", "/from/environment", "/usr/share/datasets"], DatasetSearch.Roots("/given").ToArray());
            Environment.SetEnvironmentVariable(DatasetSearch.EnvironmentVariable, null);
            Assert.Equal(["/usr/share/datasets"], DatasetSearch.Roots(null).ToArray());
        }
        finally
        {
            Environment.SetEnvironmentVariable(DatasetSearch.EnvironmentVariable, before);
        }
    }

    private static string Message(string name, string root) =>
        Assert.Throws<DatasetException>(() => DatasetCatalog.Load(name, [root], null)).Message;
}
