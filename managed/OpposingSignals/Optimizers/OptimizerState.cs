using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// What an optimiser remembers between steps: named vectors as long as θ, and how many steps it has taken.
/// </summary>
public sealed class OptimizerState : IDisposable
{
    private readonly Dictionary<string, VectorBlock> _vectors = [];

    internal OptimizerState(VectorBlock like, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            var vector = new VectorBlock(like.Device, like.Precision, 1, like.Length);
            vector.Clear();
            _vectors.Add(name, vector);
        }
    }

    /// <summary>Steps taken.</summary>
    public long Steps { get; internal set; }

    /// <summary>The vectors by name; empty for a rule without a memory.</summary>
    public IReadOnlyDictionary<string, VectorBlock> Vectors => _vectors;

    internal VectorBlock this[string name] => _vectors.TryGetValue(name, out VectorBlock? vector)
        ? vector
        : throw new ArgumentException($"This state has no '{name}'; it is another optimiser's.");

    /// <summary>Takes over another state of the same optimiser, on whatever device.</summary>
    public void CopyFrom(OptimizerState other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach ((string name, VectorBlock vector) in _vectors)
        {
            if (other[name].Device == vector.Device)
            {
                vector.CopyFrom(other[name]);
            }
            else
            {
                vector.CopyFrom(other[name].ToArray());
            }
        }

        Steps = other.Steps;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VectorBlock vector in _vectors.Values)
        {
            vector.Dispose();
        }
    }
}
