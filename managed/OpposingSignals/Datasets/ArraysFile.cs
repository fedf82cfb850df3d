using System.Numerics.Tensors;
using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// Data from a safetensors file, <c>arrays:FILE.safetensors</c>: <c>inputs</c> (floating point, [N, ...]) and
/// <c>targets</c> (integer classes [N], or floating point [N, outputs]). A test set, <c>test_inputs</c> and
/// <c>test_targets</c>, is optional. Values are used as they are.
/// </summary>
public static class ArraysFile
{
    /// <summary>Reads the file. The number of classes is the largest label of both sets plus one.</summary>
    /// <exception cref="SafeTensorsException">The file cannot be read.</exception>
    /// <exception cref="DatasetException">A tensor is missing or does not fit the others.</exception>
    public static DatasetPair Load(string path)
    {
        OrderedDictionary<string, HostTensor> tensors = SafeTensors.Read(path).Tensors;
        string name = $"arrays:{path}";
        (HostTensor Inputs, HostTensor Targets) training = Find(tensors, name, "");
        (HostTensor Inputs, HostTensor Targets)? test =
            tensors.ContainsKey("test_inputs") || tensors.ContainsKey("test_targets")
                ? Find(tensors, name, "test_") : null;
        if (test is { } other &&
            (!other.Inputs.Shape.Skip(1).SequenceEqual(training.Inputs.Shape.Skip(1)) ||
             other.Inputs.Type != training.Inputs.Type || other.Targets.Type != training.Targets.Type))
        {
            throw new DatasetException(
                $"{name}: the test tensors do not have the sample shape and element types of the others.");
        }

        int outputs = Math.Max(Outputs(training.Targets), test is { } t ? Outputs(t.Targets) : 0);
        return new DatasetPair(
            new Dataset(name, training.Inputs, training.Targets, outputs),
            test is { } set ? new Dataset($"{name} (test)", set.Inputs, set.Targets, outputs) : null,
            null);
    }

    private static (HostTensor Inputs, HostTensor Targets) Find(
        OrderedDictionary<string, HostTensor> tensors, string name, string prefix)
    {
        if (!tensors.TryGetValue(prefix + "inputs", out HostTensor? inputs) ||
            !tensors.TryGetValue(prefix + "targets", out HostTensor? targets))
        {
            string present = string.Join(", ", tensors.Keys.Take(10));
            throw new DatasetException(
                $"{name}: the file must hold tensors '{prefix}inputs' and '{prefix}targets'; " +
                $"it holds {(present == "" ? "none" : present)}.");
        }

        return (inputs, Widen(targets));
    }

    /// <summary>Class indices of narrower integer types as Int64.</summary>
    private static HostTensor Widen(HostTensor targets) =>
        targets.Type is ElementType.Int32 or ElementType.UInt8
            ? HostTensor.From<long>(Array.ConvertAll(targets.ToDoubles(), value => (long)value), targets.Shape.AsSpan())
            : targets;

    private static int Outputs(HostTensor targets)
    {
        if (targets.Type != ElementType.Int64)
        {
            return targets.Shape.Length == 2 ? targets.Shape[1] : 1;
        }

        long largest = targets.Count == 0 ? 0 : TensorPrimitives.Max<long>(targets.AsSpan<long>());
        return (int)Math.Clamp(largest + 1, 1, int.MaxValue);
    }
}
