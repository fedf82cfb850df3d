using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Reads arrays from a saved state and refuses a state that does not fit.</summary>
internal static class StateReader
{
    /// <summary>The elements of an array of a saved state.</summary>
    /// <exception cref="ArgumentException">The array is missing, of another type or of another length.</exception>
    public static ReadOnlySpan<T> Read<T>(IReadOnlyDictionary<string, HostTensor> state, string name, long count)
        where T : unmanaged
    {
        if (!state.TryGetValue(name, out HostTensor? tensor))
        {
            throw new ArgumentException($"The saved state has no array '{name}'.", nameof(state));
        }

        ElementType expected = HostTensor.From<T>([], 0).Type;
        if (tensor.Type != expected || tensor.Count != count)
        {
            throw new ArgumentException(
                $"The array '{name}' of the saved state holds {tensor.Count} {tensor.Type}, not {count} {expected}.",
                nameof(state));
        }

        return tensor.AsSpan<T>();
    }
}
