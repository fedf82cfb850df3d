using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>Times every pass of a layer at a shape, with operands in the device's memory.</summary>
public sealed class KernelBenchmark : IDisposable
{
    // Of the numbers that operands are filled with, over and over.
    private const int PatternLength = 1 << 16;

    private readonly List<DeviceBuffer> _buffers = [];
    private readonly KernelShape _shape;
    private readonly LayerPass _pass;
    private readonly double[] _pattern;
    private readonly long _input;
    private readonly long _output;
    private readonly long _parameters;

    private KernelBenchmark(Device device, Precision precision, KernelShape shape)
    {
        _shape = shape;
        _pass = new LayerPass
        {
            Device = device,
            Precision = precision,
            BatchNorm = BatchNormMode.Train,
            Dropout = true,
            Samples = shape.Samples,
            Vectors = shape.Vectors,
        };
        var random = new Xoshiro256(1);
        _pattern = new double[PatternLength];
        foreach (ref double value in _pattern.AsSpan())
        {
            value = random.NextDouble(-0.5, 0.5);
        }

        _input = (long)shape.Samples * shape.Layer.InputShapes[0].Size;
        _output = (long)shape.Samples * shape.Layer.OutputShape.Size;
        _parameters = shape.Layer.Parameters.Sum(parameter => parameter.Count);
    }

    /// <summary>Times forward, tangent, backward and tangent-backward.</summary>
    /// <param name="device">Where.</param>
    /// <param name="precision">Element type.</param>
    /// <param name="shape">What.</param>
    /// <param name="seconds">Time to spend on each pass.</param>
    public static IReadOnlyList<KernelTiming> Run(Device device, Precision precision, KernelShape shape, double seconds)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(shape);
        using var benchmark = new KernelBenchmark(device, precision, shape);
        return benchmark.Passes(new WorkTimer(device, seconds));
    }

    /// <inheritdoc/>
    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private List<KernelTiming> Passes(WorkTimer timer)
    {
        Layer layer = _shape.Layer;
        LayerPass pass = _pass;
        long[] parameters = [.. layer.Parameters.Select(parameter => parameter.Count)];
        int vectors = _shape.Vectors;
        pass.Inputs = [Tensor(_input)];
        pass.Parameters = Array.ConvertAll(parameters, Tensor);
        pass.Cache = layer.CacheBytes(_shape.Samples) > 0 ? Allocate(layer.CacheBytes(_shape.Samples)) : 0;
        pass.Output = Tensor(_output);
        pass.InputTangents = [Views(_input)];
        pass.ParameterTangents = Array.ConvertAll(parameters, Views);
        pass.OutputTangent = Views(_output);
        pass.PrimalOutputCotangent = Tensor(_output);
        pass.OutputCotangent = Views(_output);
        pass.InputCotangents = [Views(_input)];
        pass.AccumulateInput = [false];
        pass.ParameterCotangents = Array.ConvertAll(parameters, Views);

        // Every operand is read or written once; cotangents of parameters, which are added to, are both.
        double k = vectors;
        return
        [
            Time("forward", 1, _input + _parameters + _output, layer.Forward),
            Time("tangent", 2 * k, _input + _parameters + (k * (_input + _parameters + _output)), layer.Tangent),
            Time("backward", 2 * k, _input + _parameters + (k * (_output + _input + (2 * _parameters))), layer.Backward),
            Time(
                "tangent-backward", 4 * k,
                _input + _parameters + _output + (k * (_input + _parameters + _output + _input + (2 * _parameters))),
                layer.TangentBackward),
        ];

        KernelTiming Time(string name, double products, double elements, Action<LayerPass> work)
        {
            double flops = products * 2 * layer switch
            {
                Linear or Convolution => (double)_output * layer.Parameters[0].FanIn,
                Attention attention => (double)_shape.Samples * attention.MultiplyAdds,
                _ => 0,
            };
            double bytes = elements * pass.Precision.Size();
            try
            {
                return new KernelTiming(_shape, name, timer.Of(() => work(pass)), flops, bytes);
            }
            catch (NotSupportedException e)
            {
                return new KernelTiming(_shape, name, double.NaN, flops, bytes, e.Message);
            }
        }

        VectorView Views(long count) => new(Tensor(vectors * count), count);
    }

    private nint Allocate(long bytes)
    {
        DeviceBuffer buffer = _pass.Device.Allocate(bytes);
        _buffers.Add(buffer);
        return buffer.Address;
    }

    // A tensor full of the pattern: uploaded once, then doubled on the device.
    private nint Tensor(long count)
    {
        int size = _pass.Precision.Size();
        nint address = Allocate(count * size);
        int first = (int)Math.Min(count, PatternLength);
        if (_pass.Precision == Precision.Float64)
        {
            _pass.Device.Upload<double>(_pattern.AsSpan(0, first), address);
        }
        else
        {
            _pass.Device.Upload<float>(Array.ConvertAll(_pattern[..first], value => (float)value), address);
        }

        for (long filled = first; filled < count; filled *= 2)
        {
            _pass.Device.Copy(address, address + (nint)(filled * size), Math.Min(filled, count - filled) * size);
        }

        return address;
    }
}
