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

    /// <summary>
    /// The same of the passes that take an activation along, over their outputs and over the cotangents of their inputs.
    /// What its derivatives are of is given: near a kink it would depend on the last bit.
    /// </summary>
    public static IReadOnlyList<(string Name, double[] Values)> WithActivation(
        Device device, Precision precision, Layer layer, ActivationKind kind, int samples, int vectors, int seed)
    {
        using var run = new LayerRun(device, precision, seed);
        return run.PassesWith(layer, kind, samples, vectors);
    }

    public void Dispose() => _buffers.ForEach(buffer => buffer.Dispose());

    private List<(string Name, double[] Values)> Passes(Layer layer, int samples, int vectors)
    {
        LayerPass pass = _pass;
        Extents extents = Fill(layer, samples, vectors);
        pass.Output = Written("forward", extents.Output);
        layer.Forward(pass);

        pass.OutputTangent = new VectorView(Written("tangent", vectors * extents.Output), extents.Output);
        layer.Tangent(pass);

        Pull("backward", extents, vectors, accumulate: false);
        layer.Backward(pass);
        Pull("tangent-backward", extents, vectors, accumulate: true);
        layer.TangentBackward(pass);

        pass.OutputTangent = new VectorView(Filled(vectors * extents.Output), extents.Output);
        if (layer.SecondOrder(pass) != 0)
        {
            _outputs.Add(("second order", pass.OutputTangent.Address, vectors * extents.Output));
        }

        return Results();
    }

    private List<(string Name, double[] Values)> PassesWith(Layer layer, ActivationKind kind, int samples, int vectors)
    {
        Extents extents = Fill(layer, samples, vectors);
        LayerPass pass = _pass;
        var after = new Activation(kind, layer.OutputShape);
        pass.Output = Written("forward", extents.Output);
        nint followed = after.OverwritesInput ? pass.Output : Written("forward, followed", extents.Output);
        pass.Following = after.ForwardArguments(pass with { Inputs = [pass.Output], Output = followed });
        layer.Forward(pass);
        pass.FinishFollowing();

        pass.OutputTangent = new VectorView(Written("tangent", vectors * extents.Output), extents.Output);
        pass.Following = after.TangentArguments(pass with
        {
            Inputs = [Filled(extents.Output)],
            Output = Filled(extents.Output),
            InputTangents = [pass.OutputTangent],
            OutputTangent = after.OverwritesTangent
                ? pass.OutputTangent
                : new VectorView(Written("tangent, followed", vectors * extents.Output), extents.Output),
        });
        layer.Tangent(pass);
        pass.FinishFollowing();
        if (!layer.TakesActivationBefore)
        {
            return Results();
        }

        // In place the first time; the second time where another consumer of the same tensor was before.
        pass.ParameterCotangents = Array.ConvertAll(extents.Parameters, _ => VectorView.None);
        pass.AccumulateInput = [false];
        long input = extents.Inputs[0];
        var before = new Activation(kind, layer.InputShapes[0]);
        LayerPass ofBefore = pass with
        {
            Inputs = [Filled(input)],
            Output = Filled(input),
            InputTangents = [new VectorView(Filled(vectors * input), input)],
            PrimalOutputCotangent = Filled(input),
        };
        pass.InputCotangents = [new VectorView(Written("backward", vectors * input), input)];
        (ofBefore.OutputCotangent, ofBefore.InputCotangents) = (pass.InputCotangents[0], pass.InputCotangents);
        ofBefore.AccumulateInput = [false];
        pass.Following = before.BackwardArguments(ofBefore);
        layer.Backward(pass);
        pass.FinishFollowing();

        pass.InputCotangents = [new VectorView(Written("tangent-backward", vectors * input), input)];
        ofBefore.OutputCotangent = pass.InputCotangents[0];
        ofBefore.InputCotangents =
            [new VectorView(Added("tangent-backward, followed", vectors * input), input)];
        ofBefore.AccumulateInput = [true];
        pass.Following = before.TangentBackwardArguments(ofBefore);
        layer.TangentBackward(pass);
        pass.FinishFollowing();
        return Results();
    }

    // Operands of all passes.
    private Extents Fill(Layer layer, int samples, int vectors)
    {
        var extents = new Extents(
            [.. layer.InputShapes.Select(shape => (long)samples * shape.Size)],
            [.. layer.Parameters.Select(parameter => parameter.Shape.Aggregate(1L, (count, extent) => count * extent))],
            (long)samples * layer.OutputShape.Size);
        LayerPass pass = _pass;
        (pass.Samples, pass.Vectors) = (samples, vectors);
        pass.Cache = layer.CacheBytes(samples) > 0 ? Allocate(layer.CacheBytes(samples)) : 0;
        pass.Inputs = Array.ConvertAll(extents.Inputs, count => Filled(count));
        pass.Parameters = Array.ConvertAll(extents.Parameters, count => Filled(count));
        pass.InputTangents =
            Array.ConvertAll(extents.Inputs, count => new VectorView(Filled(vectors * count), count));
        pass.ParameterTangents =
            Array.ConvertAll(extents.Parameters, count => new VectorView(Filled(vectors * count), count));
        pass.PrimalOutputCotangent = Filled(extents.Output);
        pass.OutputCotangent = new VectorView(Filled(vectors * extents.Output), extents.Output);
        return extents;
    }

    private List<(string Name, double[] Values)> Results() =>
        [.. _outputs.Select(written => (written.Name, Read(written.Address, written.Count)))];

    private void Pull(string name, Extents extents, int vectors, bool accumulate)
    {
        _pass.InputCotangents = Array.ConvertAll(extents.Inputs, count => new VectorView(
            accumulate ? Added(name + ", input", vectors * count) : Written(name + ", input", vectors * count), count));
        _pass.AccumulateInput = Array.ConvertAll(extents.Inputs, _ => accumulate);
        _pass.ParameterCotangents =
            Array.ConvertAll(extents.Parameters, count => new VectorView(Added(name + ", parameter", vectors * count), count));
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

    // Elements of each tensor of the primal.
    private readonly record struct Extents(long[] Inputs, long[] Parameters, long Output);
}
