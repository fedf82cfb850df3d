using System.Collections.Immutable;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>Pictures and their classes, as a file holds them.</summary>
/// <param name="Images">The pictures.</param>
/// <param name="Labels">Int64 class indices, one per picture.</param>
/// <param name="PlantedGroups">Groups known in advance.</param>
internal sealed record LabelledImages(
    ImageSet Images, HostTensor Labels, ImmutableArray<PlantedGroup> PlantedGroups = default)
{
    /// <summary>Normalises a training and a test set with the statistics of the whole training set.</summary>
    /// <param name="name">Name of the data set, without a count.</param>
    /// <param name="training">The whole training set.</param>
    /// <param name="test">The whole test set.</param>
    /// <param name="classNames">A name per class.</param>
    /// <param name="count">Training pictures to keep, from the first; null for all.</param>
    /// <param name="scheme">How to normalise.</param>
    /// <exception cref="DatasetException">
    /// There are fewer pictures than asked for, or a label is out of range.
    /// </exception>
    public static DatasetPair Pair(
        string name,
        LabelledImages training,
        LabelledImages test,
        ImmutableArray<string> classNames,
        int? count,
        NormalizationScheme scheme)
    {
        if (count is { } wanted && (wanted < 1 || wanted > training.Images.Count))
        {
            throw new DatasetException($"{name}:{wanted}: the count must be from 1 to {training.Images.Count}.");
        }

        var normalization = Normalization.Fit(scheme, training.Images);
        LabelledImages kept = count is { } first ? training.Take(first) : training;
        return new DatasetPair(
            kept.ToDataset(count is null ? name : $"{name}:{count}", classNames, normalization),
            test.ToDataset($"{name} (test)", classNames, normalization),
            normalization);
    }

    private LabelledImages Take(int count) =>
        new(Images.Take(count), HostTensor.From<long>(Labels.AsSpan<long>()[..count], count));

    private Dataset ToDataset(string name, ImmutableArray<string> classNames, Normalization normalization) =>
        new(name, normalization.Apply(Images), Labels, classNames.Length, classNames, Images, PlantedGroups);
}
