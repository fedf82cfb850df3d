using OpposingSignals.Datasets;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class ArraysFileTests
{
    private static readonly HostTensor Inputs = HostTensor.From([1f, 2f, 3f, 4f], 2, 2);

    [Fact]
    public void ClassesOfAnyIntegerTypeAreCountedOverBothSets()
    {
        using var folder = new TemporaryFolder();
        DatasetPair pair = Load(
            folder,
            new("inputs", Inputs),
            new("targets", HostTensor.From([0, 2], 2)),
            new("test_inputs", HostTensor.From([5f, 6f], 1, 2)),
            new("test_targets", HostTensor.From<byte>([4], 1)));
        Assert.Equal([0L, 2L], pair.Training.Targets.AsSpan<long>().ToArray());
        Assert.Equal(5, pair.Training.OutputCount);
        Assert.Equal([4L], pair.Test!.Targets.AsSpan<long>().ToArray());
        Assert.Null(pair.Normalization);
    }

    [Fact]
    public void NumbersAreTargetsOfARegression()
    {
        using var folder = new TemporaryFolder();
        DatasetPair pair =
            Load(folder, new("inputs", Inputs), new("targets", HostTensor.From([1.0, 2, 3, 4, 5, 6], 2, 3)));
        Assert.Equal(3, pair.Training.OutputCount);
        Assert.False(pair.Training.HasClasses);
        Assert.Null(pair.Test);
    }

    [Fact]
    public void WhatIsMissingOrDoesNotFitIsNamed()
    {
        using var folder = new TemporaryFolder();
        HostTensor labels = HostTensor.From([0L, 1L], 2);
        Assert.Contains(
            "it holds x", Message(folder, new KeyValuePair<string, HostTensor>("x", Inputs)), StringComparison.Ordinal);
        Assert.Contains("'test_targets'", Message(folder, new("inputs", Inputs), new("targets", labels), new("test_inputs", Inputs)), StringComparison.Ordinal);
        Assert.Contains(
            "sample shape",
            Message(
                folder,
                new("inputs", Inputs),
                new("targets", labels),
                new("test_inputs", HostTensor.From([1f, 2f], 2, 1)),
                new("test_targets", labels)),
            StringComparison.Ordinal);
        Assert.Contains(
            "label -1", Message(folder, new("inputs", Inputs), new("targets", HostTensor.From([-1L, long.MaxValue], 2))), StringComparison.Ordinal);
        Assert.Throws<SafeTensorsException>(() => ArraysFile.Load(folder["none"]));
    }

    private static DatasetPair Load(TemporaryFolder folder, params KeyValuePair<string, HostTensor>[] tensors)
    {
        SafeTensors.Write(folder["a.safetensors"], tensors);
        return ArraysFile.Load(folder["a.safetensors"]);
    }

    private static string Message(TemporaryFolder folder, params KeyValuePair<string, HostTensor>[] tensors) =>
        Assert.Throws<DatasetException>(() => Load(folder, tensors)).Message;
}
