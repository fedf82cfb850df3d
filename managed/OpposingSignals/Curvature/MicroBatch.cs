using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>A run of consecutive samples on a device: inputs in the network's layout, and targets. The objective owns the memory.</summary>
internal sealed class MicroBatch
{
    private readonly DeviceBuffer _inputs;
    private readonly DeviceBuffer _targets;

    public MicroBatch(int first, int samples, DeviceBuffer inputs, DeviceBuffer targets, PackedMatrix? packed)
    {
        First = first;
        Samples = samples;
        _inputs = inputs;
        _targets = targets;
        Packed = packed;
    }

    /// <summary>Index of the first sample in the data set.</summary>
    public int First { get; }

    public int Samples { get; }

    public nint Inputs => _inputs.Address;

    public nint Targets => _targets.Address;

    /// <summary>The inputs, packed for the first layer's products; null where that does not apply.</summary>
    public PackedMatrix? Packed { get; }
}
