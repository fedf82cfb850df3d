using OpposingSignals.Datasets;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Datasets;

public sealed class DatasetTests
{
    [Fact]
    public void TheFirstSamplesKeepAllThatBelongsToThem()
    {
        Dataset dataset = Some();
        Dataset two = dataset.Take(2);
        Assert.Equal([2, 1, 1, 2], two.Inputs.Shape.ToArray());
        Assert.Equal([0f, 1f, 2f, 3f], two.Inputs.AsSpan<float>().ToArray());
        Assert.Equal([1L, 0L], two.Targets.AsSpan<long>().ToArray());
        Assert.Equal(2, two.Images!.Count);
        Assert.Equal([2, 3], two.Images[1].ToArray());
        Assert.Equal([1], two.PlantedGroups[0].Indices.ToArray());
        Assert.Equal(dataset.ClassNames.ToArray(), two.ClassNames.ToArray());
        Assert.Throws<DatasetException>(() => dataset.Take(4));
        Assert.Throws<DatasetException>(() => dataset.Take(0));
    }

    public static TheoryData<HostTensor, HostTensor, int, string> Wrong => new()
    {
        { HostTensor.From([1, 2], 2, 1), HostTensor.From([0L, 1L], 2), 2, "inputs are Int32" },
        { HostTensor.From([1f, 2f], 2), HostTensor.From([0L, 1L], 2), 2, "inputs have shape [2]" },
        { new HostTensor(ElementType.Float32, 0, 3),
            new HostTensor(ElementType.Int64, 0), 2, "inputs have shape [0, 3]" },
        { HostTensor.From([1f, 1f, 1f, float.NaN], 2, 2),
            HostTensor.From([0L, 1L], 2), 2, "inputs are not finite in sample 1" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0L, 1L, 0L], 3), 2, "targets of shape [3]" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0L, 2L], 2), 2, "sample 1 has label 2; labels are 0 to 1" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([-1L, 1L], 2), 2, "sample 0 has label -1" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0L, 1L], 2, 1), 2, "class targets have shape [2, 1]" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0, 1], 2), 2, "targets are Int32" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0.0, 1.0], 2), 1, "it must be [2, 1]" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([0.0, 1.0], 2, 1), 2, "it must be [2, 2]" },
        { HostTensor.From([1f, 2f], 2, 1), HostTensor.From([double.PositiveInfinity, 1.0], 2, 1),
            1, "targets are not finite in sample 0" },
        { HostTensor.From([1f, 2f], 2, 1), new HostTensor(ElementType.Float32, 2, 0), 0, "at least 1" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WhatDoesNotFitIsRefusedByName(HostTensor inputs, HostTensor targets, int outputs, string expected)
    {
        DatasetException e = Assert.Throws<DatasetException>(() => new Dataset("mine", inputs, targets, outputs));
        Assert.StartsWith("mine: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NamesPicturesAndGroupsMustBelongToTheSamples()
    {
        Dataset d = Some();
        Assert.Throws<DatasetException>(() => new Dataset("d", d.Inputs, d.Targets, 3, ["a", "b"]));
        Assert.Throws<DatasetException>(() => new Dataset("d", d.Inputs, d.Targets, 3, images: d.Images!.Take(2)));
        Assert.Throws<DatasetException>(() => new Dataset("d", d.Inputs, d.Targets, 3, plantedGroups: [new("g", [3])]));
    }

    [Fact]
    public void PicturesMustBeWhole()
    {
        Assert.Throws<ArgumentException>(() => new ImageSet(2, 2, 3, new byte[13]));
        Assert.Throws<ArgumentException>(() => new ImageSet(2, 2, 2, new byte[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageSet(1, 1, 1, [1])[1].Length);
    }

    private static Dataset Some() => new(
        "some",
        HostTensor.From([0f, 1f, 2f, 3f, 4f, 5f], 3, 1, 1, 2),
        HostTensor.From([1L, 0L, 2L], 3),
        3,
        ["a", "b", "c"],
        new ImageSet(2, 1, 1, [0, 1, 2, 3, 4, 5]),
        [new("group", [1, 2])]);
}
