using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Runs.Signals;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Runs.Signals;

/// <summary>Mixed derivatives along inputs and parameters against differences of networks with other inputs.</summary>
public sealed class InputDirectionTests
{
    private const int Samples = 5;

    [Theory]
    [OnEachDevice("mlp:6,5:tanh", "mse")]
    [OnEachDevice("cnn:3,2:tanh:avgpool", "ce")]
    [OnEachDevice("vit:4:1:8:2", "ce")]
    public void TheDirectionIsTheGradientOfTheMeanMovementAlongTheInputs(string deviceName, string model, string loss)
    {
        using Device device = TestDevices.Open(deviceName);
        var shape = new FeatureShape(8, 8, 3);
        Network network = ModelCatalog.Build(model, shape, 4);
        var random = new Xoshiro256(3);
        double[] inputs = Gaussians(random, Samples * shape.Size), change = Gaussians(random, shape.Size);
        using VectorBlock parameters = Vector(device, Initialization.Named("pytorch").Create(network, 1));
        using VectorBlock direction = Vector(device, Gaussians(random, (int)network.ParameterCount));

        Dataset data = Data(inputs);
        using Objective group = Of(data);
        double[] axis = InputDirection.OutputAxis(group, parameters, direction, out double length);
        Assert.Equal(1, Math.Sqrt(axis.Sum(a => a * a)), 1e-12);
        double[] found = InputDirection.Of(group, data, parameters, direction, axis, length);

        // Fourth-order central difference of the mean movement along a random change of all inputs.
        const double Step = 1e-3;
        double expected =
            ((8 * (Movement(Step) - Movement(-Step))) - (Movement(2 * Step) - Movement(-2 * Step))) / (12 * Step);
        double actual = found.Zip(change, (d, c) => d * c).Sum();
        Assert.True(
            Math.Abs(actual - expected) <= 1e-7 * (Math.Abs(expected) + length), $"{actual} instead of {expected}.");
        Assert.True(
            Math.Abs(expected) > 1e-3 * length, "The movement hardly depends on the inputs: the case tests nothing.");

        double Movement(double factor)
        {
            using Objective moved = Of(Data([.. inputs.Select((x, i) => x + (factor * change[i % shape.Size]))]));
            double[] tangents = moved.Linearize(parameters).OutputTangents(direction);
            return tangents.Select((t, i) => t * axis[i % axis.Length]).Sum() / Samples;
        }

        Dataset Data(double[] values) => new(
            "random", HostTensor.From<double>(values, Samples, shape.Channels, shape.Height, shape.Width),
            HostTensor.From<long>([0, 1, 2, 3, 0], Samples), 4);

        Objective Of(Dataset samples) => new(
            device, Precision.Float64, network, Loss.Named(loss), samples.Inputs, samples.Targets);
    }

    [Theory]
    [OnEachDevice]
    public void OutputsMoveAsTheirTangentsSayAcrossMicroBatchesAndVectors(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        Network network = ModelCatalog.Build("mlp:7:tanh", FeatureShape.Vector(3), 2);
        var random = new Xoshiro256(4);
        using VectorBlock parameters = Vector(device, Initialization.Named("pytorch").Create(network, 1));
        using var directions = new VectorBlock(device, Precision.Float64, 3, network.ParameterCount);
        directions.CopyFrom(Gaussians(random, 3 * (int)network.ParameterCount));
        using var objective = new Objective(
            device, Precision.Float64, network, new SquaredError(),
            HostTensor.From<double>(Gaussians(random, Samples * 3), Samples, 3),
            HostTensor.From<long>([0, 1, 0, 1, 1], Samples),
            new ObjectiveOptions { MicroBatch = 2, VectorsAtOnce = 2 });
        double[] tangents = objective.Linearize(parameters).OutputTangents(directions);
        const double Step = 1e-5;
        for (int j = 0; j < 3; j++)
        {
            double[] ahead = Outputs(Step), behind = Outputs(-Step);
            for (int i = 0; i < ahead.Length; i++)
            {
                double expected = (ahead[i] - behind[i]) / (2 * Step);
                Assert.True(Math.Abs(tangents[(j * ahead.Length) + i] - expected) <= 1e-8, $"vector {j}, output {i}");
            }

            double[] Outputs(double factor)
            {
                using var moved = new VectorBlock(device, Precision.Float64, 1, network.ParameterCount);
                moved.CopyFrom(parameters);
                moved.Add(factor, directions.Rows(j, 1));
                return objective.Outputs(moved);
            }
        }
    }

    private static VectorBlock Vector(Device device, double[] values)
    {
        var vector = new VectorBlock(device, Precision.Float64, 1, values.Length);
        vector.CopyFrom(values);
        return vector;
    }

    private static double[] Gaussians(Xoshiro256 random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextGaussian())];
}
