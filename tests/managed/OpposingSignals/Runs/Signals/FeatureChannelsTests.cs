using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Runs.Signals;

public sealed class FeatureChannelsTests
{
    [Theory]
    [OnEachDevice]
    public void ChannelsComeByTheirCorrelationWithTheGroup(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        Network network = new NetworkBuilder(FeatureShape.Vector(3))
            .Linear(3, bias: false).Linear(2, bias: false).Build();
        using var parameters = new VectorBlock(device, Precision.Float64, 1, network.ParameterCount);

        // The first layer copies the inputs: one tells the group apart, one does so the other way round and less well,
        // one is constant.
        parameters.CopyFrom([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
        using var objective = new Objective(
            device, Precision.Float64, network, new SquaredError(),
            HostTensor.From<double>([-1, 1, 5, -2, 1, 5, 0, 0, 5, 1, 0, 5], 4, 3),
            HostTensor.From<long>([0, 0, 1, 1], 4),
            new ObjectiveOptions { ForwardOnly = true, MicroBatch = 3 });
        FeatureChannels channels = FeatureChannels.Of(objective, parameters)!;
        Assert.Equal([2, 3], channels.Others([1, 0]).Order());
        IReadOnlyList<ChannelRecord> telling = channels.Telling([0, 1], [2, 3]);
        Assert.Equal([1, 0], telling.Select(record => record.Channel));
        Assert.Equal(1, telling[0].Correlation, 1e-12);

        // Values −1, −2 against 0, 1: difference of means −2, standard deviation √(5/4).
        Assert.Equal(-2 * 0.5 / Math.Sqrt(1.25), telling[1].Correlation, 1e-12);
    }
}
