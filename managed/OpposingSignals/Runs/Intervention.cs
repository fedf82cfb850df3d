using OpposingSignals.Datasets;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs;

/// <summary>What is done to some training samples.</summary>
public enum InterventionKind
{
    /// <summary>They are left out; the loss is the mean over the others.</summary>
    Drop,

    /// <summary>Only they are trained on.</summary>
    Isolate,

    /// <summary>They get another class.</summary>
    Relabel,

    /// <summary>They count less, or more, in the mean.</summary>
    DownWeight,
}

/// <summary>A change of the training data, part of a run's configuration.</summary>
public sealed record Intervention
{
    /// <summary>What is done.</summary>
    public required InterventionKind Kind { get; init; }

    /// <summary>The samples, by their index in the data set.</summary>
    public required IReadOnlyList<int> Samples { get; init; }

    /// <summary>The new class for <see cref="InterventionKind.Relabel"/>.</summary>
    public int? Class { get; init; }

    /// <summary>The weight for <see cref="InterventionKind.DownWeight"/>; all other samples have 1.</summary>
    public double? Weight { get; init; }

    /// <summary>Weights of all samples; null where they are not changed.</summary>
    public IReadOnlyList<double>? Weights(int samples)
    {
        if (Kind != InterventionKind.DownWeight)
        {
            return null;
        }

        HashSet<int> chosen = [.. Samples];
        return [.. Enumerable.Range(0, samples).Select(i => chosen.Contains(i) ? Weight!.Value : 1)];
    }

    /// <summary>The changed data.</summary>
    /// <exception cref="InputException">A sample is not there, none would be left, or the class is not one.</exception>
    public Dataset Apply(Dataset data)
    {
        ArgumentNullException.ThrowIfNull(data);
        HashSet<int> chosen = [.. Samples];
        if (chosen.Count == 0 || chosen.Any(i => i < 0 || i >= data.Count))
        {
            throw new InputException(
                $"The samples of an intervention must be among the {data.Count} of {data.Name}, and at least one.");
        }

        switch (Kind)
        {
            case InterventionKind.Drop when chosen.Count == data.Count:
                throw new InputException("Dropping these samples leaves none.");
            case InterventionKind.Drop:
                return data.Select([.. Enumerable.Range(0, data.Count).Where(i => !chosen.Contains(i))]);
            case InterventionKind.Isolate:
                return data.Select([.. chosen.Order()]);
            case InterventionKind.Relabel when data.HasClasses
                && Class is { } label && label >= 0 && label < data.OutputCount:
                var targets = new HostTensor(ElementType.Int64, data.Count);
                data.Targets.AsSpan<long>().CopyTo(targets.AsSpan<long>());
                foreach (int sample in chosen)
                {
                    targets.AsSpan<long>()[sample] = label;
                }

                return new Dataset(data.Name, data.Inputs, targets, data.OutputCount, data.ClassNames, data.Images);
            case InterventionKind.DownWeight when Weight is >= 0 and { } weight && double.IsFinite(weight)
                && (weight > 0 || chosen.Count < data.Count):
                return data;
            case InterventionKind.DownWeight:
                throw new InputException(
                    "A weight is a number of at least 0, and above 0 where it is that of all samples.");
            case InterventionKind.Relabel:
                throw new InputException(
                    $"Samples can be given one of the classes 0 to {data.OutputCount - 1} of data that have classes.");
            default:
                throw new InputException($"There is no intervention '{Kind}'.");
        }
    }
}
