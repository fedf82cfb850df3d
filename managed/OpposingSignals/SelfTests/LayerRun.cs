using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.SelfTests;

/// <summary>
/// All passes of one layer on one device, with numbers that are the same on every device: seeded, and exact in float32.
/// </summary>
internal sealed class LayerRun : IDisposable
{
    private readonly List<DeviceBuffer> _buffers = [];
    private readonly List<(string Name, nint Address, long Count)> _outputs = [];
    private readonly LayerPass _pass;
    private readonly Random _random;

    private LayerRun(Device device, Precision precision, int seed)
    {
        _pass =
            new LayerPass { Device = device, Precision = precision, BatchNorm = BatchNormMode.Train, Dropout = true };
        _random = new Random(seed);
    }

    /// <summary>
    /// What every pass wrote, by name. Outputs were full of NaN before; gradients and accumulated cotangents were not.
    /// </summary>
    public static IReadOnlyList<(string Name, double[] Values)> Of(
        Device device, Precision precision, Layer layer, int samples, int vectors, int seed)
    {
        using var run = new LayerRun(device, precision, seed);
        return run.Passes(layer, samples, vectors);
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private List<(string Name, double[] Values)> Passes(Layer layer, int samples, int vectors)
    {
        LayerPass pass = _pass;
        (pass.Samples, pass.Vectors) = (samples, vectors);
        long output = (long)samples * layer.OutputShape.Size;
        long[] inputs = [.. layer.InputShapes.Select(shape => (long)samples * shape.Size)];
        long[] parameters =
            [.. layer.Parameters.Select(parameter => parameter.Shape.Aggregate(1L, (count, extent) => count * extent))];
        pass.Inputs = Array.ConvertAll(inputs, count => Filled(count));
        pass.Parameters = Array.ConvertAll(parameters, count => Filled(count));
        pass.Cache = layer.CacheBytes(samples) > 0 ? Allocate(layer.CacheBytes(samples)) : 0;
        pass.Output = Written("forward", output);
        layer.Forward(pass);

        pass.InputTangents = Array.ConvertAll(inputs, count => new VectorView(Filled(vectors * count), count));
        pass.ParameterTangents = Array.ConvertAll(parameters, count => new VectorView(Filled(vectors * count), count));
        pass.OutputTangent = new VectorView(Written("tangent", vectors * output), output);
        layer.Tangent(pass);

        pass.PrimalOutputCotangent = Filled(output);
        pass.OutputCotangent = new VectorView(Filled(vectors * output), output);
        Pull("backward", inputs, parameters, vectors, accumulate: false);
        layer.Backward(pass);
        Pull("tangent-backward", inputs, parameters, vectors, accumulate: true);
        layer.TangentBackward(pass);

        pass.OutputTangent = new VectorView(Filled(vectors * output), output);
        if (layer.SecondOrder(pass) != 0)
        {
            _outputs.Add(("second order", pass.OutputTangent.Address, vectors * output));
        }

        return [.. _outputs.Select(written => (written.Name, Read(written.Address, written.Count)))];
    }

    private void Pull(string name, long[] inputs, long[] parameters, int vectors, bool accumulate)
    {
        _pass.InputCotangents = Array.ConvertAll(inputs, count => new VectorView(
            accumulate ? Added(name + ", input", vectors * count) : Written(name + ", input", vectors * count), count));
        _pass.AccumulateInput = Array.ConvertAll(inputs, _ => accumulate);
        _pass.ParameterCotangents =
            Array.ConvertAll(parameters, count => new VectorView(Added(name + ", parameter", vectors * count), count));
    }

    private nint Allocate(long bytes)
    {
        DeviceBuffer buffer = _pass.Device.Allocate(bytes);
        _buffers.Add(buffer);
        return buffer.Address;
    }

    private nint Filled(long count)
    {
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = (float)(_random.NextDouble() - 0.5);
        }

        return Upload(values);
    }

    private nint Written(string name, long count)
    {
        float[] poison = new float[count];
        Array.Fill(poison, float.NaN);
        nint address = Upload(poison);
        _outputs.Add((name, address, count));
        return address;
    }

    private nint Added(string name, long count)
    {
        nint address = Filled(count);
        _outputs.Add((name, address, count));
        return address;
    }

    private nint Upload(float[] values)
    {
        nint address = Allocate(values.LongLength * _pass.Precision.Size());
        if (_pass.Precision == Precision.Float32)
        {
            _pass.Device.Upload<float>(values, address);
        }
        else
        {
            _pass.Device.Upload<double>(Array.ConvertAll(values, value => (double)value), address);
        }

        return address;
    }

    private double[] Read(nint address, long count)
    {
        if (_pass.Precision == Precision.Float32)
        {
            float[] narrow = new float[count];
            _pass.Device.Download<float>(address, narrow);
            return Array.ConvertAll(narrow, value => (double)value);
        }

        double[] values = new double[count];
        _pass.Device.Download<double>(address, values);
        return values;
    }
}
