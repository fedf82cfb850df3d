using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Everything that the next solve of an <see cref="EigenTracker"/> depends on, as named blocks and numbers.
/// </summary>
public sealed class EigenTrackerState : IDisposable
{
    private readonly Dictionary<string, VectorBlock> _blocks = [];
    private readonly Dictionary<string, double[]> _numbers = [];

    /// <summary>Vectors by name; released with the state.</summary>
    public IReadOnlyDictionary<string, VectorBlock> Blocks => _blocks;

    /// <summary>Numbers by name; one entry for each block.</summary>
    public IReadOnlyDictionary<string, double[]> Numbers => _numbers;

    /// <summary>Adds copies of a block and of the numbers that go with it, for example as read from a file.</summary>
    /// <param name="name">A name that is not present yet.</param>
    /// <param name="block">Vectors; may have no rows.</param>
    /// <param name="numbers">Numbers; may be empty.</param>
    public void Add(string name, VectorBlock block, double[] numbers)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(numbers);
        _numbers.Add(name, [.. numbers]);
        var copy = new VectorBlock(block.Device, block.Precision, block.Count, block.Length);
        copy.CopyFrom(block);
        _blocks.Add(name, copy);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VectorBlock block in _blocks.Values)
        {
            block.Dispose();
        }
    }
}
