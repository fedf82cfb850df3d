using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

public sealed class DirectionHistoryTests
{
    private const double Angle = 0.1;

    [Theory]
    [OnEachDevice]
    public void DriftAndOscillationAreContinuedWhateverTheSigns(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        using var history = new DirectionHistory(device, Precision.Float64, 4, length: 4, width: 1);
        for (int step = 0; step < 7; step++)
        {
            using VectorBlock parameters = Parameters(device, step);
            using VectorBlock vector = Direction(device, step, step % 3 == 0 ? -1 : 1);
            history.Push(parameters, vector);
        }

        using VectorBlock now = Parameters(device, 7);
        using VectorBlock exact = Direction(device, 7, 1);
        Assert.False(!(Error(history, now, exact) < 0.02));
        Assert.False(!(Error(history, null, exact) > 0.1));
    }

    [Theory]
    [OnEachDevice]
    public void PointsWithoutParametersAreNotExtrapolated(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        using var history = new DirectionHistory(device, Precision.Float64, 4, length: 4, width: 1);
        for (int step = 0; step < 6; step++)
        {
            using VectorBlock parameters = Parameters(device, step);
            using VectorBlock vector = Direction(device, step, 1);
            history.Push(step == 5 ? null : parameters, vector);
        }

        using VectorBlock now = Parameters(device, 6), last = Direction(device, 5, 1);
        Assert.False(!(Error(history, now, last) < 1e-14));
    }

    private static double Error(DirectionHistory history, VectorBlock? parameters, VectorBlock exact)
    {
        using var prediction = new VectorBlock(exact.Device, exact.Precision, 1, 4);
        history.Predict(parameters, 1e-3, prediction);
        double cosine = prediction.InnerProducts(exact)[0, 0] / prediction.Norms()[0];
        return Math.Sqrt(Math.Max(0, 1 - (cosine * cosine)));
    }

    private static VectorBlock Parameters(Device device, int step) =>
        Block(device, [5, 0.05 * step, step % 2 == 0 ? Angle : -Angle, 3]);

    private static VectorBlock Direction(Device device, int step, int sign)
    {
        double[] v = [1, 0.05 * step, step % 2 == 0 ? Angle : -Angle, 0];
        double norm = Math.Sqrt(v.Sum(x => x * x));
        return Block(device, [.. v.Select(x => sign * x / norm)]);
    }

    private static VectorBlock Block(Device device, double[] values)
    {
        var block = new VectorBlock(device, Precision.Float64, 1, values.Length);
        block.CopyFrom(values);
        return block;
    }
}
