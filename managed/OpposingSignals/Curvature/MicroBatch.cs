using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// A run of consecutive samples on a device: inputs in the network's layout, and targets. The objective owns the
/// memory.
/// </summary>
internal sealed class MicroBatch
{
    private readonly DeviceBuffer _inputs;
    private readonly DeviceBuffer _targets;
    private readonly DeviceBuffer? _weights;

    public MicroBatch(
        int first, int samples, DeviceBuffer inputs, DeviceBuffer targets, DeviceBuffer? weights, PackedMatrix? packed)
    {
        First = first;
        Samples = samples;
        _inputs = inputs;
        _targets = targets;
        _weights = weights;
        Packed = packed;
    }

    /// <summary>Index of the first sample in the data set.</summary>
    public int First { get; }

    public int Samples { get; }

    public nint Inputs => _inputs.Address;

    public nint Targets => _targets.Address;

    /// <summary>Weights of the samples, of mean 1 over the data set; 0 where all count alike.</summary>
    public nint Weights => _weights?.Address ?? 0;

    /// <summary>The inputs, packed for the first layer's products; null where that does not apply.</summary>
    public PackedMatrix? Packed { get; }
}
