using OpposingSignals.Tensors;

namespace OpposingSignals.Networks;

/// <summary>Parameters as a PyTorch state dict in a safetensors file: one tensor a parameter, PyTorch's names and layout.</summary>
public static class StateDict
{
    /// <summary>Reads θ for a network.</summary>
    /// <exception cref="InputException">A parameter is missing, has another shape, is not finite, or is one too many.</exception>
    public static double[] Read(string path, Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        SafeTensorsFile file = SafeTensors.Read(path);
        double[] values = new double[network.ParameterCount];
        foreach (Parameter parameter in network.Parameters)
        {
            if (!file.Tensors.TryGetValue(parameter.Name, out HostTensor? tensor))
            {
                throw new InputException(
                    $"{path} has no tensor '{parameter.Name}', which {network.Name} needs. It has: " +
                    $"{string.Join(", ", file.Tensors.Keys.Take(12))}{(file.Tensors.Count > 12 ? ", ..." : "")}.");
            }

            if (!tensor.Shape.AsSpan().SequenceEqual(parameter.Shape.AsSpan()))
            {
                throw new InputException(
                    $"In {path}, '{parameter.Name}' has the shape [{string.Join(", ", tensor.Shape)}]; {network.Name} needs " +
                    $"[{string.Join(", ", parameter.Shape)}].");
            }

            if (tensor.Type is not (ElementType.Float32 or ElementType.Float64))
            {
                throw new InputException($"In {path}, '{parameter.Name}' holds {tensor.Type}; weights are floating-point numbers.");
            }

            double[] elements = tensor.ToDoubles();
            if (!Array.TrueForAll(elements, double.IsFinite))
            {
                throw new InputException($"In {path}, '{parameter.Name}' holds numbers that are not finite.");
            }

            elements.CopyTo(values, parameter.Offset);
        }

        if (file.Tensors.Keys.FirstOrDefault(name => network.Parameters.All(parameter => parameter.Name != name)) is { } extra)
        {
            throw new InputException($"{path} has a tensor '{extra}' that {network.Name} does not know.");
        }

        return values;
    }

    /// <summary>The tensors of θ by name.</summary>
    /// <param name="network">The network.</param>
    /// <param name="parameters">θ on the host.</param>
    /// <param name="type">Element type to store: float32 or float64.</param>
    public static IEnumerable<KeyValuePair<string, HostTensor>> Tensors(
        Network network, double[] parameters, ElementType type)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(parameters);
        foreach (Parameter parameter in network.Parameters)
        {
            ReadOnlySpan<double> values = parameters.AsSpan((int)parameter.Offset, (int)parameter.Count);
            var tensor = new HostTensor(type, [.. parameter.Shape]);
            if (type == ElementType.Float64)
            {
                values.CopyTo(tensor.AsSpan<double>());
            }
            else
            {
                System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values, tensor.AsSpan<float>());
            }

            yield return new(parameter.Name, tensor);
        }
    }
}
