using System.Diagnostics;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Peers;

/// <summary>A network on CIFAR-shaped data, with everything that is timed on it.</summary>
internal sealed class Workload : IDisposable
{
    private const int Classes = 10;

    // Uniform numbers of variance 0.01.
    private const float EmbeddingScale = 0.1732051f;

    // Streams of the numbers; those of worker.py.
    private const uint InputStream = 0, TargetStream = 1, ParameterStream = 2, DirectionStream = 3;

    private readonly Device _device;
    private readonly int _vectors;
    private readonly Objective _objective;
    private readonly VectorBlock _parameters, _directions, _products;
    private LinearizationPoint? _point;

    public Workload(Device device, string model, string loss, int samples, int vectors, int context, int vocabulary)
    {
        (_device, _vectors) = (device, vectors);
        bool isText = model.StartsWith("gpt", StringComparison.Ordinal);
        var image = new FeatureShape(32, 32, 3);
        Network network = isText
            ? ModelCatalog.Build(model, FeatureShape.Sequence(context, 1), vocabulary)
            : ModelCatalog.Build(model, image, Classes);

        _objective = new Objective(
            device,
            Precision.Float32,
            network,
            loss == "ce" ? new CrossEntropy() : new SquaredError(),
            isText
                ? HostTensor.From<long>(Integers(samples * context, InputStream, vocabulary), samples, context)
                : HostTensor.From<float>(
                    Numbers.Uniform((long)samples * image.Size, InputStream), samples, image.Channels, image.Height,
                    image.Width),
            isText
                ? HostTensor.From<long>(Integers(samples * context, TargetStream, vocabulary), samples, context)
                : HostTensor.From<long>(Integers(samples, TargetStream, Classes), samples));
        _parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        _parameters.CopyFrom(Parameters(network));
        _directions = new VectorBlock(device, Precision.Float32, vectors, network.ParameterCount);
        _directions.CopyFrom(Numbers.Uniform(vectors * network.ParameterCount, DirectionStream));
        _products = new VectorBlock(device, Precision.Float32, vectors, network.ParameterCount);
    }

    /// <summary>Mean loss, ‖∇L‖ and ‖H v‖ for the first direction, to be compared with PyTorch's.</summary>
    public double[] Check()
    {
        LinearizationPoint point = Point();
        Multiply(ProductKind.Hessian, 0, 1);
        return [point.Loss, point.Gradient.Norms()[0], _products.Norms()[0]];
    }

    /// <summary>
    /// Time of one evaluation. The primal that products share is made before the clock starts, and within it where a
    /// quantity is called fresh.
    /// </summary>
    public TimeSpan Time(string quantity)
    {
        if (quantity == "gradient")
        {
            _point = null;
            return Measure(() => _objective.Linearize(_parameters, keepPrimal: false));
        }

        Point();
        return quantity switch
        {
            "hvp" => Measure(() => Multiply(ProductKind.Hessian, 0, 1)),
            "hvp-fresh" => Measure(() =>
            {
                _point = _objective.Linearize(_parameters);
                Multiply(ProductKind.Hessian, 0, 1);
            }),
            "ggn" => Measure(() => Multiply(ProductKind.GaussNewton, 0, 1)),
            "hvp-8-at-once" => Measure(() => Multiply(ProductKind.Hessian, 0, _vectors)),
            "hvp-8-singles" => Measure(() =>
            {
                for (int i = 0; i < _vectors; i++)
                {
                    Multiply(ProductKind.Hessian, i, 1);
                }
            }),
            "hvp-8-at-once-fresh" => Measure(() =>
            {
                _point = _objective.Linearize(_parameters);
                Multiply(ProductKind.Hessian, 0, _vectors);
            }),
            "hvp-8-singles-fresh" => Measure(() =>
            {
                for (int i = 0; i < _vectors; i++)
                {
                    _point = _objective.Linearize(_parameters);
                    Multiply(ProductKind.Hessian, i, 1);
                }
            }),
            _ => throw new ArgumentException($"'{quantity}' is not a quantity.", nameof(quantity)),
        };
    }

    public void Dispose()
    {
        _products.Dispose();
        _directions.Dispose();
        _parameters.Dispose();
        _objective.Dispose();
    }

    private static long[] Integers(int count, uint stream, int below)
    {
        long[] integers = new long[count];
        for (uint i = 0; i < count; i++)
        {
            integers[i] = Numbers.Hash(i, stream) % (uint)below;
        }

        return integers;
    }

    // Weights of variance 1 / fan-in, so that activations stay of order one; the data have variance 1/3. Scales of
    // normalisations are one, embeddings of variance 0.01, biases zero.
    private static float[] Parameters(Network network)
    {
        float[] values = Numbers.Uniform(network.ParameterCount, ParameterStream);
        foreach (Parameter parameter in network.Parameters)
        {
            (float scale, float shift) = parameter.Specification.Role switch
            {
                ParameterRole.Weight => ((float)Math.Sqrt(3.0 / parameter.Specification.FanIn), 0),
                ParameterRole.Embedding => (EmbeddingScale, 0),
                ParameterRole.Scale => (0, 1),
                _ => (0f, 0f),
            };
            foreach (ref float value in values.AsSpan((int)parameter.Offset, (int)parameter.Count))
            {
                value = (value * scale) + shift;
            }
        }

        return values;
    }

    private TimeSpan Measure(Action work)
    {
        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        work();
        _device.Synchronize();
        return Stopwatch.GetElapsedTime(start);
    }

    private LinearizationPoint Point() => _point ??= _objective.Linearize(_parameters);

    private void Multiply(ProductKind kind, int first, int count) =>
        Point().Multiply(kind, _directions.Rows(first, count), _products.Rows(first, count));
}
