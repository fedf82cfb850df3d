using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Curvature;

/// <summary>Objectives are not thread safe, but two of them may be used by two threads.</summary>
public sealed class ConcurrencyTests
{
    [Theory]
    [OnEachDevice("residual pictures", Precision.Float32)]
    [OnEachDevice("residual pictures", Precision.Float64)]
    [OnEachDevice("packed inputs", Precision.Float32)]
    [InlineData("cpu", "threaded vectors", Precision.Float64)]
    public async Task TwoObjectivesOfOneShapeInTwoThreadsGiveTheBitsOfOneAlone(
        string deviceName, string name, Precision precision)
    {
        RandomCase random = RandomCase.Make(name, 1);
        double[] alone = Products(deviceName, random, precision);
        Task<double[]>[] together = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () => Enumerable.Range(0, 6).SelectMany(_ => Products(deviceName, random, precision)).ToArray(),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];

        // Threads that wait for each other would wait for ever.
        double[][] results = await Task.WhenAll(together).WaitAsync(TimeSpan.FromSeconds(60));
        double[] expected = [.. Enumerable.Range(0, 6).SelectMany(_ => alone)];
        Assert.All(results, result => Assert.Equal(expected, result));
    }

    [Fact]
    public void TheNumberOfThreadsHoldsForEveryCallingThread()
    {
        using var device = new CpuDevice(threads: 2);
        string description = "";
        var other = new Thread(() => description = device.Description);
        other.Start();
        other.Join();
        Assert.EndsWith(" 2 threads", description, StringComparison.Ordinal);
    }

    private static double[] Products(string deviceName, RandomCase random, Precision precision)
    {
        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(
            device, precision, random.Network, random.Loss, random.Inputs, random.Targets);
        using VectorBlock theta = PlainComparison.Block(device, precision, random.Parameters, 1);
        using VectorBlock v = PlainComparison.Block(device, precision, random.Vectors, PlainComparison.Vectors);
        return PlainComparison.Multiply(objective.Linearize(theta), ProductKind.Hessian, v);
    }
}
