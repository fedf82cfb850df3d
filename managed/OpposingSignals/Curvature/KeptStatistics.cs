using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// The statistics of every batch normalisation in every micro-batch of the last linearisation. They stay on the device
/// until a step of training wants them.
/// </summary>
internal sealed class KeptStatistics : IDisposable
{
    private readonly Device _device;
    private readonly FeatureNormalization[] _layers;
    private readonly DeviceBuffer _buffer;
    private readonly int _perBatch;
    private bool _areNew;

    public KeptStatistics(Device device, Network network, int batches)
    {
        _device = device;
        _layers = [.. network.Nodes.Select(node => node.Layer)
            .OfType<FeatureNormalization>().Where(layer => layer.Running is not null)];
        _perBatch = _layers.Sum(layer => 2 * layer.Groups);
        _buffer = device.Allocate((long)batches * _perBatch * sizeof(double));
    }

    /// <summary>Where the statistics of micro-batch <paramref name="batch"/> go, layer after layer.</summary>
    public nint Of(int batch) => _buffer.Address + ((nint)batch * _perBatch * sizeof(double));

    /// <summary>Says that a linearisation has put its statistics here.</summary>
    public void Renew() => _areNew = true;

    /// <summary>Adds them to the running ones, micro-batch by micro-batch; those of one linearisation once.</summary>
    public void AddToRunning(IReadOnlyList<MicroBatch> batches)
    {
        if (!_areNew)
        {
            return;
        }

        _areNew = false;
        double[] statistics = new double[batches.Count * _perBatch];
        _device.Download<double>(_buffer.Address, statistics);
        int first = 0;
        foreach (MicroBatch batch in batches)
        {
            foreach (FeatureNormalization layer in _layers)
            {
                layer.Running!.Add(layer.Statistics(statistics.AsSpan(first, 2 * layer.Groups), batch.Samples));
                first += 2 * layer.Groups;
            }
        }
    }

    public void Dispose() => _buffer.Dispose();
}
