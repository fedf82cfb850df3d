using OpposingSignals.Tensors;

namespace OpposingSignals.Networks;

/// <summary>
/// Parameters as a PyTorch state dict in a safetensors file: one tensor a parameter, PyTorch's names and layout; with
/// batch normalisation also its running statistics.
/// </summary>
public static class StateDict
{
    private const string RunningMean = ".running_mean";
    private const string RunningVariance = ".running_var";

    // A counter that PyTorch keeps beside them; nothing depends on it with a fixed momentum.
    private const string BatchCount = ".num_batches_tracked";

    /// <summary>Reads θ for a network, and sets the network's running statistics.</summary>
    /// <exception cref="InputException">
    /// A parameter is missing, has another shape, is not finite, or is one too many.
    /// </exception>
    public static double[] Read(string path, Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        SafeTensorsFile file = SafeTensors.Read(path);
        double[] values = new double[network.ParameterCount];
        foreach (Parameter parameter in network.Parameters)
        {
            Elements(parameter.Name, parameter.Shape.AsSpan()).CopyTo(values, parameter.Offset);
        }

        HashSet<string> known = [.. network.Parameters.Select(parameter => parameter.Name)];
        foreach ((string name, RunningStatistics statistics) in network.Running)
        {
            Elements(name + RunningMean, [statistics.Mean.Length]).CopyTo(statistics.Mean);
            double[] variance = Elements(name + RunningVariance, [statistics.Mean.Length]);
            if (variance.Any(value => value < 0))
            {
                throw new InputException($"In {path}, '{name + RunningVariance}' holds a negative variance.");
            }

            variance.CopyTo(statistics.Variance);
            known.UnionWith([name + RunningMean, name + RunningVariance, name + BatchCount]);
        }

        if (file.Tensors.Keys.FirstOrDefault(name => !known.Contains(name)) is { } extra)
        {
            throw new InputException($"{path} has a tensor '{extra}' that {network.Name} does not know.");
        }

        return values;

        double[] Elements(string name, ReadOnlySpan<int> shape)
        {
            if (!file.Tensors.TryGetValue(name, out HostTensor? tensor))
            {
                throw new InputException(
                    $"{path} has no tensor '{name}', which {network.Name} needs. It has: " +
                    $"{string.Join(", ", file.Tensors.Keys.Take(12))}{(file.Tensors.Count > 12 ? ", ..." : "")}.");
            }

            if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            {
                throw new InputException(
                    $"In {path}, '{name}' has the shape [{string.Join(", ", tensor.Shape)}]; {network.Name} needs " +
                    $"[{string.Join(", ", shape.ToArray())}].");
            }

            if (tensor.Type is not (ElementType.Float32 or ElementType.Float64))
            {
                throw new InputException(
                    $"In {path}, '{name}' holds {tensor.Type}; weights are floating-point numbers.");
            }

            double[] elements = tensor.ToDoubles();
            return Array.TrueForAll(elements, double.IsFinite)
                ? elements
                : throw new InputException($"In {path}, '{name}' holds numbers that are not finite.");
        }
    }

    /// <summary>The tensors of θ, or of another vector of its length, by name.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">The vector on the host.</param>
    /// <param name="type">Element type to store: float32 or float64.</param>
    public static IEnumerable<KeyValuePair<string, HostTensor>> Tensors(
        Network network, double[] parameters, ElementType type)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (Parameter parameter in network.Parameters)
        {
            yield return new(
                parameter.Name,
                Tensor(parameters.AsSpan((int)parameter.Offset, (int)parameter.Count), [.. parameter.Shape], type));
        }
    }

    /// <summary>The network's running statistics by name; with the tensors of θ they are the state dict.</summary>
    /// <param name="network">The network.</param>
    /// <param name="type">Element type to store: float32 or float64.</param>
    public static IEnumerable<KeyValuePair<string, HostTensor>> RunningTensors(Network network, ElementType type)
    {
        ArgumentNullException.ThrowIfNull(network);
        foreach ((string name, RunningStatistics statistics) in network.Running)
        {
            int[] shape = [statistics.Mean.Length];
            yield return new(name + RunningMean, Tensor(statistics.Mean, shape, type));
            yield return new(name + RunningVariance, Tensor(statistics.Variance, shape, type));
        }
    }

    /// <summary>Sets a network's running statistics from what <see cref="RunningTensors"/> gave.</summary>
    /// <exception cref="ArgumentException">A tensor has another size.</exception>
    /// <exception cref="KeyNotFoundException">A tensor is missing.</exception>
    internal static void RestoreRunning(Network network, IReadOnlyDictionary<string, HostTensor> tensors)
    {
        foreach ((string name, RunningStatistics statistics) in network.Running)
        {
            tensors[name + RunningMean].ToDoubles().CopyTo(statistics.Mean);
            tensors[name + RunningVariance].ToDoubles().CopyTo(statistics.Variance);
        }
    }

    private static HostTensor Tensor(ReadOnlySpan<double> values, int[] shape, ElementType type)
    {
        var tensor = new HostTensor(type, shape);
        if (type == ElementType.Float64)
        {
            values.CopyTo(tensor.AsSpan<double>());
        }
        else
        {
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values, tensor.AsSpan<float>());
        }

        return tensor;
    }
}
