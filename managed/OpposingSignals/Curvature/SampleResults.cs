using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// The loss of every sample, and which targets were met: written by the device micro-batch by micro-batch, and read
/// once for all.
/// </summary>
internal sealed class SampleResults : IDisposable
{
    private readonly Device _device;
    private readonly int _positions;
    private readonly DeviceBuffer _lossesOnDevice;
    private readonly DeviceBuffer _correctOnDevice;
    private readonly double[] _ofPositions;
    private readonly byte[] _correct;

    public SampleResults(Device device, int samples, int positions)
    {
        (_device, _positions) = (device, positions);
        Losses = new double[samples];
        _ofPositions = positions == 1 ? Losses : new double[checked(samples * positions)];
        _correct = new byte[_ofPositions.Length];
        _lossesOnDevice = device.Allocate(_ofPositions.LongLength * sizeof(double));
        _correctOnDevice = device.Allocate(_correct.LongLength);

        // With one output there is nothing to compare, and nothing is written.
        device.Clear(_correctOnDevice.Address, _correct.LongLength);
    }

    /// <summary>ℓᵢ as last read.</summary>
    public double[] Losses { get; }

    /// <summary>Targets that were the largest output, as last read.</summary>
    public int Correct => _correct.Count(correct => correct != 0);

    /// <summary>Targets of all samples.</summary>
    public int Targets => _correct.Length;

    /// <summary>Where the device writes the losses of a micro-batch's positions.</summary>
    public nint LossesOf(MicroBatch batch) =>
        _lossesOnDevice.Address + ((nint)batch.First * _positions * sizeof(double));

    /// <summary>Where the device writes which targets of a micro-batch were met.</summary>
    public nint CorrectOf(MicroBatch batch) => _correctOnDevice.Address + ((nint)batch.First * _positions);

    /// <summary>Brings everything to the host.</summary>
    public void Read()
    {
        _device.Download<double>(_lossesOnDevice.Address, _ofPositions);
        _device.Download<byte>(_correctOnDevice.Address, _correct);
        if (_positions > 1)
        {
            Loss.OfSamples(_ofPositions, _positions, Losses);
        }
    }

    public void Dispose()
    {
        _lossesOnDevice.Dispose();
        _correctOnDevice.Dispose();
    }
}
