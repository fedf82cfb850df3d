using System.Collections.Immutable;
using System.Numerics.Tensors;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>Samples and their targets. Immutable: nobody writes to its tensors.</summary>
public sealed class Dataset
{
    /// <summary>Checks and wraps a data set, without a copy.</summary>
    /// <param name="name">What messages and reports call it.</param>
    /// <param name="inputs">Float32 or Float64 of shape [N, ...] with N at least 1, or Int64 tokens [N, T].</param>
    /// <param name="targets">
    /// Int64 class indices of shape [N], or [N, T] for the next token at every position; or Float32 or Float64 of shape
    /// [N, outputs].
    /// </param>
    /// <param name="outputCount">Number of classes, or of outputs.</param>
    /// <param name="classNames">A name per class, or nothing.</param>
    /// <param name="images">The N pictures that the inputs were made of, or null.</param>
    /// <param name="plantedGroups">Groups known in advance.</param>
    /// <exception cref="DatasetException">
    /// Types, shapes or counts do not agree, a label is out of range, or a value is not finite.
    /// </exception>
    public Dataset(
        string name,
        HostTensor inputs,
        HostTensor targets,
        int outputCount,
        ImmutableArray<string> classNames = default,
        ImageSet? images = null,
        ImmutableArray<PlantedGroup> plantedGroups = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        Name = name;
        Inputs = inputs;
        Targets = targets;
        OutputCount = outputCount;
        ClassNames = classNames.IsDefault ? [] : classNames;
        Images = images;
        PlantedGroups = plantedGroups.IsDefault ? [] : plantedGroups;

        Require(
            IsFloat(inputs) || IsTokens, $"inputs are {inputs.Type}; they must be Float32, Float64, or Int64 tokens");
        Require(
            inputs.Shape.Length >= 2 && inputs.Count > 0,
            $"inputs have shape {Format(inputs)}; it must be [N, ...] and not empty");
        if (!IsTokens)
        {
            RequireFinite(inputs, "inputs");
        }

        Require(outputCount >= 1, $"{outputCount} outputs; there must be at least 1");
        RequireTargets();
        Require(
            ClassNames.Length == 0 || ClassNames.Length == outputCount,
            $"{ClassNames.Length} class names do not name {outputCount} classes");
        Require(images is null || images.Count == Count, $"{images?.Count} pictures do not belong to {Count} samples");
        foreach (PlantedGroup group in PlantedGroups)
        {
            Require(
                group.Indices.All(i => i >= 0 && i < Count),
                $"group '{group.Name}' has a sample that is not one of the {Count}");
        }
    }

    /// <summary>What messages and reports call it.</summary>
    public string Name { get; }

    /// <summary>Float32 or Float64 in PyTorch's order: [N, features], [N, C, H, W]; or Int64 tokens [N, T].</summary>
    public HostTensor Inputs { get; }

    /// <summary>
    /// Int64 class indices [N] or [N, T] in 0 .. <see cref="OutputCount"/> - 1, or Float32 or Float64 [N,
    /// <see cref="OutputCount"/>].
    /// </summary>
    public HostTensor Targets { get; }

    /// <summary>Number of classes, or of outputs.</summary>
    public int OutputCount { get; }

    /// <summary>A name per class; empty where they have none.</summary>
    public ImmutableArray<string> ClassNames { get; }

    /// <summary>The name of a class or output, or what it is called without one.</summary>
    public string ClassName(int index) => index < ClassNames.Length ? ClassNames[index] : $"output {index}";

    /// <summary>The pictures that the inputs were made of; null where the samples are not pictures.</summary>
    public ImageSet? Images { get; }

    /// <summary>Groups known in advance; empty for natural data.</summary>
    public ImmutableArray<PlantedGroup> PlantedGroups { get; }

    /// <summary>Number of samples N.</summary>
    public int Count => Inputs.Shape[0];

    /// <summary>Whether <see cref="Targets"/> are class indices.</summary>
    public bool HasClasses => Targets.Type == ElementType.Int64;

    /// <summary>Whether every sample has one class, rather than numbers or a token for every position.</summary>
    public bool HasLabels => HasClasses && Targets.Shape.Length == 1;

    /// <summary>Whether <see cref="Inputs"/> are tokens; class names then say what they stand for.</summary>
    public bool IsTokens => Inputs.Type == ElementType.Int64;

    /// <summary>
    /// A data set of the first <paramref name="count"/> samples; planted groups keep those that are among them.
    /// </summary>
    /// <exception cref="DatasetException">There are not that many, or none is asked for.</exception>
    public Dataset Take(int count)
    {
        Require(count >= 1 && count <= Count, $"{count} samples cannot be taken from {Count}");
        return new Dataset(
            Name,
            Rows(Inputs, count),
            Rows(Targets, count),
            OutputCount,
            ClassNames,
            Images?.Take(count),
            [.. PlantedGroups.Select(group => group with { Indices = [.. group.Indices.Where(i => i < count)] })]);
    }

    /// <summary>
    /// Inputs and targets of some samples, in the order given; pictures and planted groups are left behind.
    /// </summary>
    /// <exception cref="DatasetException">No sample is asked for, or one that is not there.</exception>
    public Dataset Select(ImmutableArray<int> indices)
    {
        Require(
            !indices.IsDefaultOrEmpty && indices.All(i => i >= 0 && i < Count),
            "samples can only be selected among those that are there");
        return new Dataset(Name, Rows(Inputs, indices), Rows(Targets, indices), OutputCount, ClassNames);
    }

    private static HostTensor Rows(HostTensor tensor, ImmutableArray<int> indices)
    {
        var rows = new HostTensor(tensor.Type, [indices.Length, .. tensor.Shape.AsSpan()[1..]]);
        int bytes = rows.Bytes.Length / indices.Length;
        for (int row = 0; row < indices.Length; row++)
        {
            tensor.Bytes.Slice(indices[row] * bytes, bytes).CopyTo(rows.Bytes.Slice(row * bytes, bytes));
        }

        return rows;
    }

    private static bool IsFloat(HostTensor tensor) => tensor.Type is ElementType.Float32 or ElementType.Float64;

    private static string Format(HostTensor tensor) => $"[{string.Join(", ", tensor.Shape)}]";

    private static HostTensor Rows(HostTensor tensor, int count)
    {
        int[] shape = [.. tensor.Shape];
        shape[0] = count;
        var rows = new HostTensor(tensor.Type, shape);
        tensor.Bytes[..rows.Bytes.Length].CopyTo(rows.Bytes);
        return rows;
    }

    private void RequireTargets()
    {
        Require(
            Targets.Shape.Length >= 1 && Targets.Shape[0] == Count,
            $"targets of shape {Format(Targets)} do not belong to inputs of shape {Format(Inputs)}");
        if (!HasClasses)
        {
            Require(IsFloat(Targets), $"targets are {Targets.Type}; they must be Int64 classes, Float32 or Float64");
            Require(
                Targets.Shape.Length == 2 && Targets.Shape[1] == OutputCount,
                $"targets have shape {Format(Targets)}; it must be [{Count}, {OutputCount}]");
            RequireFinite(Targets, "targets");
            return;
        }

        Require(
            Targets.Shape.Length == 1 || (IsTokens && Targets.Shape.SequenceEqual(Inputs.Shape)),
            $"class targets have shape {Format(Targets)}; it must be [{Count}]{(IsTokens ? $" or {Format(Inputs)}" : "")}");
        ReadOnlySpan<long> labels = Targets.AsSpan<long>();
        int wrong = labels.IndexOfAnyExceptInRange(0, OutputCount - 1L);
        Require(wrong < 0, wrong < 0 ? "" : $"sample {wrong / (labels.Length / Count)} has label {labels[wrong]}; labels are 0 to {OutputCount - 1}");
    }

    private void RequireFinite(HostTensor tensor, string what)
    {
        int wrong = tensor.Type == ElementType.Float32
            ? FirstNotFinite(tensor.AsSpan<float>())
            : FirstNotFinite(tensor.AsSpan<double>());
        Require(wrong < 0, $"{what} are not finite in sample {wrong / Math.Max(1, tensor.Count / tensor.Shape[0])}");
    }

    private static int FirstNotFinite<T>(ReadOnlySpan<T> values)
        where T : unmanaged, System.Numerics.INumberBase<T>
    {
        if (TensorPrimitives.IsFiniteAll(values))
        {
            return -1;
        }

        int i = 0;
        while (T.IsFinite(values[i]))
        {
            i++;
        }

        return i;
    }

    private void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new DatasetException($"{Name}: {message}.");
        }
    }
}
