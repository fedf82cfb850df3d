using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.SelfTests;

/// <summary>
/// A small network with data, parameters and directions that are the same everywhere, and exact in float32.
/// </summary>
internal sealed class NetworkCase
{
    // Micro-batches of 4, 4 and 3 samples: the last one is ragged.
    private const int Samples = 11;
    private const int MicroBatch = 4;

    private readonly Loss _loss;
    private readonly HostTensor _inputs;
    private readonly HostTensor _targets;

    private NetworkCase(
        Network network, Loss loss, HostTensor inputs, HostTensor targets, double[] parameters, double[] directions)
    {
        (Network, _loss, _inputs, _targets) = (network, loss, inputs, targets);
        (Parameters, Directions) = (parameters, directions);
    }

    /// <summary>Directions that are pushed through at once.</summary>
    public static int Vectors => 3;

    public Network Network { get; }

    /// <summary>θ.</summary>
    public double[] Parameters { get; }

    /// <summary>V [3, P].</summary>
    public double[] Directions { get; }

    /// <summary>
    /// Terms of all sums behind one number: over the inputs of every layer in turn, and at the end over samples and
    /// positions.
    /// </summary>
    public long Depth =>
        Network.Nodes.Sum(
            node => node.Layer.Parameters.Select(parameter => (long)parameter.FanIn).DefaultIfEmpty(1).Max())
        + (Samples * Network.Nodes.Max(node => (long)node.Layer.OutputShape.Height * node.Layer.OutputShape.Width));

    /// <summary>
    /// Small forms of each family of networks, all of them smooth: at a kink, of relu or between the largest two of a
    /// pool, numbers that are right within any rounding may be derivatives of the other side. Layers with kinks are
    /// compared one by one.
    /// </summary>
    public static IEnumerable<NetworkCase> All()
    {
        var image = new FeatureShape(8, 8, 3);
        yield return Create(ModelCatalog.Build("mlp:24,17:tanh", FeatureShape.Vector(20), 5), new SquaredError(), 1);
        yield return Create(ModelCatalog.Build("cnn:6,9:gelu:avgpool", image, 5), new CrossEntropy(), 2);
        yield return Create(ModelCatalog.Build("convnet:6,S8,A,7:silu", image, 5), new CrossEntropy(0.1), 3);
        yield return Create(ResNet(image, groupNorm: true), new CrossEntropy(), 4);
        yield return Create(ResNet(image, groupNorm: false), new CrossEntropy(), 5);
        yield return Create(ModelCatalog.Build("vit:4:1:8:2", image, 5), new CrossEntropy(), 6);
        yield return Create(ModelCatalog.Build("gpt:1:8:2", FeatureShape.Sequence(6, 1), 11), new CrossEntropy(), 7);
    }

    /// <summary>The loss on a device: a mean in which samples count once, twice or three times.</summary>
    public Objective Objective(Device device, Precision precision) => new(
        device, precision, Network, _loss, _inputs, _targets,
        new ObjectiveOptions
        {
            MicroBatch = MicroBatch,
            VectorsAtOnce = Vectors,
            SampleWeights = [.. Enumerable.Range(0, Samples).Select(sample => 1.0 + (sample % 3))],
        });

    /// <summary>
    /// The case with every parameter and every input off by <paramref name="relative"/> of itself, up or down by
    /// chance.
    /// </summary>
    public NetworkCase Perturbed(double relative)
    {
        var random = new Xoshiro256(1);
        double[] parameters = Array.ConvertAll(Parameters, Off);
        HostTensor inputs = Network.Vocabulary > 0
            ? _inputs
            : HostTensor.From<double>(Array.ConvertAll(_inputs.ToDoubles(), Off), [.. _inputs.Shape]);
        return new NetworkCase(Network, _loss, inputs, _targets, parameters, Directions);

        double Off(double value) => value * (1 + (random.NextInt32(2) == 0 ? relative : -relative));
    }

    // One block in each of the three stages, with shortcuts that pad.
    private static Network ResNet(FeatureShape input, bool groupNorm)
    {
        var builder = new NetworkBuilder(input);
        ImageNetworks.ResNetOfThreeStages(builder, depth: 8, width: 4, groupNorm, outputs: 5, ActivationKind.Tanh);
        return builder.Build($"resnet8{(groupNorm ? ":groupnorm" : "")}:4:tanh");
    }

    private static NetworkCase Create(Network network, Loss loss, ulong seed)
    {
        var random = new Xoshiro256(seed);
        bool reads = network.Vocabulary > 0;
        FeatureShape shape = network.Input;
        HostTensor inputs = reads
            ? Integers(random, network.Vocabulary, Samples, shape.Size)
            : HostTensor.From<float>(
                Normal(random, Samples * shape.Size), Samples, shape.Channels, shape.Height, shape.Width);
        HostTensor targets = reads
            ? Integers(random, network.Vocabulary, Samples, shape.Size)
            : Integers(random, network.Outputs, Samples);
        double[] parameters = Initialization.Named("pytorch").Create(network, seed);
        return new NetworkCase(
            network, loss, inputs, targets,
            Array.ConvertAll(parameters, value => (double)(float)value),
            Array.ConvertAll(Normal(random, Vectors * parameters.Length), value => (double)value));
    }

    private static float[] Normal(Xoshiro256 random, int count)
    {
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = (float)random.NextGaussian();
        }

        return values;
    }

    private static HostTensor Integers(Xoshiro256 random, int bound, params ReadOnlySpan<int> shape)
    {
        var tensor = new HostTensor(ElementType.Int64, shape);
        foreach (ref long value in tensor.AsSpan<long>())
        {
            value = random.NextInt32(bound);
        }

        return tensor;
    }
}
