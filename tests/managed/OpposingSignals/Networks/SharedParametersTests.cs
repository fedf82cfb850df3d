using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;

namespace OpposingSignals.Tests.Networks;

/// <summary>
/// Frozen, unused and tied parameters; their numbers are compared in <see cref="Curvature.RandomNetworkTests"/>.
/// </summary>
public sealed class SharedParametersTests
{
    [Theory]
    [OnEachDevice]
    public void FrozenAndUnusedParametersHaveZerosAndOthersThePrincipalSubmatrix(string deviceName)
    {
        RandomCase frozen = RandomCase.Make("frozen vectors", 1);
        double[] gradient = Gradient(deviceName, frozen.Network, frozen, out double[] product);
        int moving = 0;
        foreach (Parameter parameter in frozen.Network.Parameters)
        {
            for (long i = parameter.Offset; i < parameter.Offset + parameter.Count; i++)
            {
                if (parameter.IsFrozen)
                {
                    Assert.Equal(0, gradient[i]);
                    Assert.Equal(0, product[i]);
                }
                else
                {
                    moving += gradient[i] != 0 ? 1 : 0;
                }
            }
        }

        Assert.True(moving > 0);
        RandomCase unused = RandomCase.Make("tied and unused", 1);
        gradient = Gradient(deviceName, unused.Network, unused, out product);
        Parameter[] extra =
            [.. unused.Network.Parameters.Where(p => p.Name.StartsWith("unused", StringComparison.Ordinal))];
        Assert.Equal(2, extra.Length);
        Assert.All(extra, parameter =>
        {
            Assert.All(gradient[(int)parameter.Offset..(int)(parameter.Offset + parameter.Count)],
                value => Assert.Equal(0, value));
            Assert.All(product[(int)parameter.Offset..(int)(parameter.Offset + parameter.Count)], value => Assert.Equal(
                0, value));
        });
    }

    [Theory]
    [OnEachDevice]
    public void StepsLeaveFrozenParametersAsTheyAre(string deviceName)
    {
        RandomCase frozen = RandomCase.Make("frozen pictures", 1);
        using Device device = TestDevices.Open(deviceName);
        using var objective =
            new Objective(device, Precision.Float32, frozen.Network, frozen.Loss, frozen.Inputs, frozen.Targets);
        using VectorBlock theta = PlainComparison.Block(device, Precision.Float32, frozen.Parameters, 1);
        double[] before = theta.ToArray();
        for (int step = 0; step < 3; step++)
        {
            new GradientDescent(0.1).Step(theta, objective.Linearize(theta).Gradient);
        }

        double[] after = theta.ToArray();
        foreach (Parameter parameter in frozen.Network.Parameters)
        {
            Range range = (int)parameter.Offset..(int)(parameter.Offset + parameter.Count);
            Assert.Equal(parameter.IsFrozen, before[range].SequenceEqual(after[range]));
        }
    }

    [Fact]
    public void ATiedParameterStandsInThetaOnce()
    {
        Network tied = ModelCatalog.Build("gpt:1:8:2", FeatureShape.Sequence(4, 1), 5);
        Network untied = ModelCatalog.Build("gpt:1:8:2:untied", FeatureShape.Sequence(4, 1), 5);
        Assert.Equal(untied.ParameterCount, tied.ParameterCount + (5 * 8));
        Assert.Equal(tied.ParameterCount, tied.Parameters.Sum(parameter => parameter.Count));
        Assert.Equal("transformer.wte.weight", tied.Nodes[^1].Parameters[0].Name);
        Assert.Equal("lm_head.weight", untied.Nodes[^1].Parameters[0].Name);
    }

    [Fact]
    public void WhatCannotBeFrozenOrTiedIsRefused()
    {
        Network network = new NetworkBuilder(FeatureShape.Vector(3)).Linear(2).Build();
        Assert.Contains("1.weight", Assert.Throws<InputException>(() => network.Freeze("1.weight")).Message,
            StringComparison.Ordinal);
        Assert.Contains("nothing is left",
            Assert.Throws<InputException>(() => network.Freeze("0.*")).Message, StringComparison.Ordinal);
        var builder = new NetworkBuilder(FeatureShape.Vector(3));
        Assert.Contains("no earlier", Assert.Throws<InputException>(() => builder.Tied("0.weight").Linear(2)).Message,
            StringComparison.Ordinal);
        builder = new NetworkBuilder(FeatureShape.Vector(3)).Linear(2);
        Assert.Contains("shape", Assert.Throws<InputException>(() => builder.Tied("0.weight").Linear(2)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TokensMustBeKnownAndReadByAnEmbedding()
    {
        Network network = ModelCatalog.Build("gpt:1:8:2", FeatureShape.Sequence(2, 1), 5);
        HostTensor targets = HostTensor.From<long>([0, 1], 1, 2);
        Assert.Contains(
            "token 5", Refused(network, HostTensor.From<long>([0, 5], 1, 2), targets), StringComparison.Ordinal);
        Assert.Contains(
            "integers", Refused(network, HostTensor.From<float>([0, 1], 1, 2), targets), StringComparison.Ordinal);
        Assert.Contains("[1]", Refused(network, HostTensor.From<long>([0, 1], 1, 2), HostTensor.From<long>([0], 1)),
            StringComparison.Ordinal);
        Network numbers = ModelCatalog.Build("linear", FeatureShape.Vector(2), 5);
        Assert.Contains("takes numbers", Refused(numbers, HostTensor.From<long>([0, 1], 1, 2), HostTensor.From<long>([0], 1)), StringComparison.Ordinal);
        Assert.Throws<InputException>(() => ModelCatalog.Build("gpt:1:8:2", new FeatureShape(4, 4, 3), 5));
        Assert.Throws<InputException>(() => ModelCatalog.Build("gpt:1:9:2", FeatureShape.Sequence(2, 1), 5));
        Assert.Throws<InputException>(
            () => new NetworkBuilder(FeatureShape.Vector(4)).Linear(4).TokenEmbedding(3, 2).Build());
    }

    private static string Refused(Network network, HostTensor inputs, HostTensor targets)
    {
        using var device = new CpuDevice(1);
        return Assert.Throws<InputException>(
            () => new Objective(device, Precision.Float32, network, new CrossEntropy(), inputs, targets)).Message;
    }

    private static double[] Gradient(string deviceName, Network network, RandomCase data, out double[] product)
    {
        using Device device = TestDevices.Open(deviceName);
        using var objective = new Objective(device, Precision.Float64, network, data.Loss, data.Inputs, data.Targets);
        using VectorBlock theta = PlainComparison.Block(device, Precision.Float64, data.Parameters, 1);
        using VectorBlock v = PlainComparison.Block(device, Precision.Float64, data.Vectors, PlainComparison.Vectors);
        LinearizationPoint point = objective.Linearize(theta);
        product = PlainComparison.Multiply(point, ProductKind.Hessian, v.Rows(0, 1));
        return point.Gradient.ToArray();
    }
}
