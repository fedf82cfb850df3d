using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Curvature;

/// <summary>
/// The mean loss L(θ) = (1/N) Σ ℓᵢ(θ) of a network over a data set on a device, with all memory that its gradient and
/// its curvature need, allocated once. With weights it is the weighted mean Σ wᵢ ℓᵢ / Σ wᵢ: everywhere below, wᵢ is 1,
/// or the given weight divided by the mean of all, and (1/N) Σ wᵢ ℓᵢ is meant.
/// </summary>
/// <remarks>Not thread safe: the passes share one workspace.</remarks>
public sealed class Objective : IDisposable
{
    private readonly NetworkPasses _passes;
    private readonly MicroBatch[] _batches;
    private readonly DeviceBuffer?[] _primals;
    private readonly DeviceBuffer _workspace;
    private readonly PassLayout _layout;
    private readonly bool _forwardOnly;
    private readonly bool _dropsOut;
    private readonly ObjectiveOptions _options;
    private readonly List<IDisposable> _owned = [];
    private readonly SampleResults _results;
    private readonly KeptStatistics? _statistics;
    private readonly Recordings _recordings;
    private StagedProducts? _staged;
    private readonly double[] _weights;

    // Of the tensors whose norms are observed: [tensor][sample], in squares.
    private ImmutableArray<int> _observed = [];
    private double[][] _squaredNorms = [];
    private LinearizationPoint? _current;

    /// <summary>Plans memory and puts the data on the device.</summary>
    /// <param name="device">Where everything is computed.</param>
    /// <param name="precision">Element type of data, parameters and products.</param>
    /// <param name="network">The network.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="inputs">
    /// [N, ...] in PyTorch's order: images [N, C, H, W], vectors [N, F], tokens [N, T] (int64).
    /// </param>
    /// <param name="targets">Classes [N] (int64), one per position [N, T] (int64), or numbers [N, outputs].</param>
    /// <param name="options">Micro-batch, vectors at once, memory budget.</param>
    /// <exception cref="InputException">
    /// Data, network and loss do not fit each other, or the budget is too small.
    /// </exception>
    /// <exception cref="OutOfDeviceMemoryException">
    /// The device has less memory than the plan takes; the message says what fits.
    /// </exception>
    public Objective(
        Device device, Precision precision, Network network, Loss loss, HostTensor inputs, HostTensor targets,
        ObjectiveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        (Device, Precision, Network, Loss) = (device, precision, network, loss);
        SampleCount = inputs.Shape.Length > 0 ? inputs.Shape[0] : 0;
        if (SampleCount == 0 || inputs.Count != (long)SampleCount * network.Input.Size)
        {
            throw new InputException(
                $"Inputs of shape [{string.Join(", ", inputs.Shape)}] do not fit a network whose input is {network.Input}.");
        }

        if (targets.Shape.Length == 0 || targets.Shape[0] != SampleCount)
        {
            throw new InputException(
                $"There are {SampleCount} inputs, but the targets have the shape [{string.Join(", ", targets.Shape)}].");
        }

        RequireInputs(network, inputs);
        byte[] preparedTargets = loss.PrepareTargets(targets, network.OutputShape, precision);
        _options = options ??= new ObjectiveOptions();
        _weights = options.SampleWeights is { } given ? Weights(given, SampleCount) : [];
        (Plan, _layout) = MemoryPlan.Make(device, precision, network, loss, SampleCount, options);
        _passes = new NetworkPasses(device, precision, network, loss, _layout, options);
        _dropsOut = options.Dropout && network.Nodes.Any(node => node.Layer is Dropout { Rate: > 0 });
        BatchNorm = network.CouplesSamples ? options.BatchNorm : null;
        CouplesSamples = BatchNorm == BatchNormMode.Train;
        _primals = new DeviceBuffer?[Plan.KeepsPrimal ? Plan.MicroBatches : 1];
        _forwardOnly = Plan.VectorBytes == 0;
        try
        {
            _batches = Upload(inputs, preparedTargets);
            _workspace = Own(device.Allocate(Plan.WorkspaceBytes));
            device.ReserveScratch(Plan.ScratchBytes);
            GradientBlock = Own(new VectorBlock(device, precision, 1, _forwardOnly ? 0 : network.ParameterCount));
            _results = Own(new SampleResults(device, SampleCount, loss.Positions(network.OutputShape)));
            _statistics = CouplesSamples ? Own(new KeptStatistics(device, network, _batches.Length)) : null;
        }
        catch (OutOfDeviceMemoryException e)
        {
            throw Refused(e);
        }

        _recordings = Own(new Recordings(device));
    }

    /// <summary>Where everything is computed.</summary>
    public Device Device { get; }

    /// <summary>Element type of data, parameters and products.</summary>
    public Precision Precision { get; }

    /// <summary>The network.</summary>
    public Network Network { get; }

    /// <summary>The loss.</summary>
    public Loss Loss { get; }

    /// <summary>Samples N.</summary>
    public int SampleCount { get; }

    /// <summary>
    /// Whether samples are coupled by batch normalisation in training mode: losses are then those of samples within
    /// their micro-batches, and a sample has no gradient or curvature of its own.
    /// </summary>
    public bool CouplesSamples { get; }

    /// <summary>Which statistics batch normalisation uses; null for a network that has none.</summary>
    public BatchNormMode? BatchNorm { get; }

    /// <summary>
    /// Samples of a ghost batch, where batch normalisation couples them; the last one may have fewer.
    /// </summary>
    public int? GhostBatch => CouplesSamples ? Plan.MicroBatch : null;

    /// <summary>What L is, in words, for every number taken from it.</summary>
    public string Convention => Loss.Convention
        + (_weights.Length == 0 ? "" : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $", weighted: the smallest weight is {_weights.Min() / _weights.Max():G3} of the largest"))
        + BatchNorm switch
        {
            BatchNormMode.Train => $", batch statistics of {GhostBatch} samples each",
            BatchNormMode.Eval => ", running batch statistics",
            _ => "",
        }
        + (_dropsOut ? ", dropout with fixed masks" : "");

    /// <summary>Elements P of θ.</summary>
    public long ParameterCount => Network.ParameterCount;

    /// <summary>How memory is spent.</summary>
    public MemoryPlan Plan { get; }

    internal VectorBlock GradientBlock { get; }

    /// <summary>
    /// Why gradients or products are done operation by operation on a device that could record them, one reason each. A
    /// GPU is spared the start of every kernel by a recording; the numbers are the same.
    /// </summary>
    public IReadOnlyCollection<string> RecordingRefusals => _recordings.Refusals;

    internal double[] SampleLosses => _results.Losses;

    /// <summary>Losses of every sample at θ, without a gradient; their mean there is the plain one.</summary>
    public Evaluation Evaluate(VectorBlock parameters)
    {
        RequireParameters(parameters);
        Invalidate();
        nint primal = Primal(0);
        Run(("losses", parameters.Address), () =>
        {
            foreach (MicroBatch batch in _batches)
            {
                Forward(batch, primal, parameters);
            }
        });
        _results.Read();
        return new Evaluation([.. SampleLosses], _results.Correct, _results.Targets);
    }

    /// <summary>The network's outputs [N, outputs] at θ.</summary>
    public double[] Outputs(VectorBlock parameters) => Activations(parameters, Network.Nodes.Length);

    /// <summary>What the network computes at a place, [N, features] at θ.</summary>
    /// <param name="parameters">θ.</param>
    /// <param name="tensor">
    /// Output of node <c>tensor − 1</c>, one that no later layer overwrites: an input of a layer that reads it.
    /// </param>
    internal double[] Activations(VectorBlock parameters, int tensor)
    {
        RequireParameters(parameters);
        Invalidate();
        int features = Network.Nodes[tensor - 1].Layer.OutputShape.Size;
        double[] activations = new double[(long)SampleCount * features];
        foreach (MicroBatch batch in _batches)
        {
            Forward(batch, Primal(0), parameters);
            Download(_passes.Activations(Primal(0), tensor), activations.AsSpan(
                batch.First * features, batch.Samples * features));
        }

        return activations;
    }

    /// <summary>
    /// Loss, per-sample losses and gradient at θ, and the point from which products are taken. It is valid until the
    /// next call of this method or of <see cref="Evaluate"/>.
    /// </summary>
    /// <param name="parameters">
    /// θ, one vector; read again by products, so it must not change while the point is used.
    /// </param>
    /// <param name="keepPrimal">
    /// Whether products will follow: the primal is then kept where the plan has room, and each product is spared its
    /// recomputation. A gradient alone is faster without.
    /// </param>
    public LinearizationPoint Linearize(VectorBlock parameters, bool keepPrimal = true)
    {
        RequireParameters(parameters);
        if (_forwardOnly)
        {
            throw new InvalidOperationException(
                "This objective was made for losses alone; it has no memory for a gradient.");
        }

        Invalidate();
        bool keep = keepPrimal && Plan.KeepsPrimal;
        Run(("gradient", parameters.Address, keep), () =>
        {
            GradientBlock.Clear();
            for (int b = 0; b < _batches.Length; b++)
            {
                nint primal = Primal(keep ? b : 0);
                Forward(_batches[b], primal, parameters);
                if (_statistics is not null)
                {
                    _passes.CopyStatistics(primal, _statistics.Of(b));
                }

                _passes.Backward(_batches[b], primal, _workspace.Address, parameters, GradientBlock, SampleCount);
            }
        });
        _statistics?.Renew();
        _results.Read();
        return _current = new LinearizationPoint(this, parameters, keep || _batches.Length == 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Invalidate();
        _owned.Reverse();
        _owned.ForEach(owned => owned.Dispose());
        _owned.Clear();
    }

    internal double Accuracy => _results.Correct / (double)_results.Targets;

    /// <summary>products_j = A v_j, overwritten.</summary>
    internal void Multiply(LinearizationPoint point, ProductKind kind, VectorBlock vectors, VectorBlock products)
    {
        if (Plan.StagingBytes == 0 || vectors.Count > Plan.VectorsAtOnce)
        {
            MultiplyDirectly(point, kind, vectors, products);
            return;
        }

        try
        {
            _staged ??= Own(new StagedProducts(Device, Precision, Plan.VectorsAtOnce, ParameterCount));
        }
        catch (OutOfDeviceMemoryException e)
        {
            throw Refused(e);
        }

        _staged.Run(vectors, products, (directions, results) => _recordings.Run(
            ("products", kind, vectors.Count, point.Parameters.Address, point.HasPrimal),
            () => MultiplyDirectly(point, kind, directions, results)));
    }

    /// <summary>Tensors that no later layer overwrites, so that they are at hand after a forward pass.</summary>
    internal ImmutableArray<int> LastingTensors =>
    [
        .. Enumerable.Range(1, Network.Nodes.Length).Where(tensor =>
            !_layout.Primal.Skip(tensor + 1).Contains(_layout.Primal[tensor])),
    ];

    /// <summary>Has every forward pass measure the norms of some lasting tensors, sample by sample.</summary>
    internal void ObserveNorms(ImmutableArray<int> tensors)
    {
        _observed = tensors;
        _squaredNorms = [.. tensors.Select(_ => new double[SampleCount])];
    }

    /// <summary>
    /// ‖activations‖₂ of every sample at the last forward pass, of the tensor given at a place of the list.
    /// </summary>
    internal double[] Norms(int place) => Array.ConvertAll(_squaredNorms[place], Math.Sqrt);

    /// <summary>(1/N) Σ wᵢ ℓᵢ at the last forward pass.</summary>
    internal double MeanLoss() => _weights.Length == 0
        ? SampleLosses.Average()
        : System.Numerics.Tensors.TensorPrimitives.Dot<double>(_weights, SampleLosses) / SampleCount;

    /// <summary>
    /// Calls <paramref name="use"/> for every micro-batch with its primal, recomputed where it was not kept.
    /// </summary>
    internal void OverBatches(LinearizationPoint point, Action<MicroBatch, nint> use)
    {
        for (int b = 0; b < _batches.Length; b++)
        {
            nint primal = Primal(point.HasPrimal && Plan.KeepsPrimal ? b : 0);
            if (!point.HasPrimal)
            {
                Forward(_batches[b], primal, point.Parameters);
                _passes.Backward(_batches[b], primal, _workspace.Address, point.Parameters, null, SampleCount);
            }

            use(_batches[b], primal);
        }
    }

    /// <summary>
    /// Adds every sample's slope and curvature along the directions to spans that are not empty, from one tangent.
    /// </summary>
    internal void AddSampleDerivatives(
        MicroBatch batch, nint primal, VectorBlock parameters, VectorBlock directions, Span<double> slopes,
        Span<double> curvatures)
    {
        _passes.Tangent(batch, primal, _workspace.Address, parameters, directions);
        if (!slopes.IsEmpty)
        {
            _passes.SampleSlopes(
                batch, primal, _workspace.Address, directions.Count, slopes[batch.First..], SampleCount);
        }

        if (!curvatures.IsEmpty)
        {
            _passes.SampleCurvatures(
                batch, primal, _workspace.Address, parameters, directions, SampleCount, _weights,
                curvatures[batch.First..], SampleCount);
        }
    }

    /// <summary>J v_j of the micro-batch's samples, [K, N, outputs].</summary>
    internal double[] OutputTangents(MicroBatch batch, nint primal, VectorBlock parameters, VectorBlock directions)
    {
        _passes.Tangent(batch, primal, _workspace.Address, parameters, directions);
        double[] tangents = new double[directions.Count * batch.Samples * Network.Outputs];
        Download(_passes.OutputTangents(_workspace.Address), tangents);
        return tangents;
    }

    /// <summary>
    /// Adds the batch statistics of the last linearisation to the running ones, micro-batch by micro-batch.
    /// </summary>
    internal void UpdateRunningStatistics() => _statistics?.AddToRunning(_batches);

    internal void RequireSeparateSamples()
    {
        if (CouplesSamples)
        {
            throw new InputException(
                $"{Network.Name} has batch normalisation in training mode: the loss of a sample depends on its whole micro-batch, " +
                "so that a sample has no gradient or curvature of its own. Use evaluation mode, or a model with group normalisation.");
        }
    }

    internal void RequireCurrent(LinearizationPoint point)
    {
        if (_current != point)
        {
            throw new InvalidOperationException(
                "The linearisation point is no longer valid: its objective has moved on. Linearize again.");
        }
    }

    // Norms are brought to the host as they are observed, which cannot be recorded.
    private void Run(object work, Action run)
    {
        if (_observed.IsEmpty)
        {
            _recordings.Run(work, run);
        }
        else
        {
            run();
        }
    }

    private void Forward(MicroBatch batch, nint primal, VectorBlock parameters)
    {
        _passes.Forward(batch, primal, parameters, _results);
        for (int t = 0; t < _observed.Length; t++)
        {
            Span<double> squares = _squaredNorms[t].AsSpan(batch.First, batch.Samples);
            squares.Clear();
            _passes.AddSquaredNorms(batch, primal, _observed[t], squares);
        }
    }

    private void MultiplyDirectly(LinearizationPoint point, ProductKind kind, VectorBlock vectors, VectorBlock products)
    {
        products.Clear();
        OverBatches(point, (batch, primal) =>
        {
            foreach ((int first, int count) in Plan.Chunks(vectors.Count))
            {
                VectorBlock directions = vectors.Rows(first, count);
                _passes.Tangent(batch, primal, _workspace.Address, point.Parameters, directions);
                _passes.AddProducts(
                    kind, batch, primal, _workspace.Address, point.Parameters, directions, products.Rows(first, count),
                    SampleCount);
            }
        });
    }

    private void Download(nint from, Span<double> to)
    {
        if (Precision == Precision.Float64)
        {
            Device.Download(from, to);
            return;
        }

        float[] narrow = new float[to.Length];
        Device.Download<float>(from, narrow);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(narrow, to);
    }

    private nint Primal(int batch)
    {
        try
        {
            return (_primals[batch] ??= Own(Device.Allocate(_layout.PrimalBytes))).Address;
        }
        catch (OutOfDeviceMemoryException e)
        {
            throw Refused(e);
        }
    }

    private T Own<T>(T memory)
        where T : IDisposable
    {
        _owned.Add(memory);
        return memory;
    }

    // The memory is given back first: an objective without all of it is of no use, and what fits is asked of all that
    // is free.
    private OutOfDeviceMemoryException Refused(OutOfDeviceMemoryException cause)
    {
        Dispose();
        return new OutOfDeviceMemoryException(
            $"{cause.Message} {Plan.Summary} {MemoryPlan.WhatFits(Device, Precision, Network, Loss, SampleCount, _options)}", cause);
    }

    private void Invalidate() => _current = null;

    private void RequireParameters(VectorBlock parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count != 1 || parameters.Length != ParameterCount || parameters.Precision != Precision
            || parameters.Device != Device)
        {
            throw new ArgumentException(
                $"Parameters are one vector of {ParameterCount} {Precision} elements on {Device.Name}; got {parameters.Count} " +
                $"of {parameters.Length} {parameters.Precision} on {parameters.Device.Name}.", nameof(parameters));
        }
    }

    private MicroBatch[] Upload(HostTensor inputs, byte[] targets)
    {
        var batches = new MicroBatch[Plan.MicroBatches];
        int features = Network.Input.Size;
        int targetBytes = Loss.TargetBytes(Network.OutputShape, Precision);
        Linear? packed = Plan.PackedBytes > 0 ? MemoryPlan.PackedLinear(Network) : null;
        for (int b = 0; b < batches.Length; b++)
        {
            int first = b * Plan.MicroBatch;
            int samples = Math.Min(Plan.MicroBatch, SampleCount - first);
            DeviceBuffer onDevice =
                Own(Device.Allocate((long)samples * features * Network.InputElementSize(Precision)));
            UploadInputs(inputs, first, samples, onDevice);
            DeviceBuffer targetsOnDevice = Own(Device.Allocate((long)samples * targetBytes));
            Device.Upload(targets.AsSpan(first * targetBytes, samples * targetBytes), targetsOnDevice.Address);
            batches[b] = new MicroBatch(
                first,
                samples,
                onDevice,
                targetsOnDevice,
                _weights.Length == 0 ? null : Own(UploadWeights(_weights.AsSpan(first, samples))),
                packed is null
                    ? null
                    : Own(new PackedMatrix(
                        Device, Precision, onDevice.Address, samples, features, packed.OutputShape.Size)));
        }

        return batches;
    }

    private DeviceBuffer UploadWeights(ReadOnlySpan<double> weights)
    {
        byte[] bytes = Precision == Precision.Float64
            ? MemoryMarshal.AsBytes(weights).ToArray()
            : Converted<double, float>(weights);
        DeviceBuffer onDevice = Device.Allocate(bytes.Length);
        Device.Upload(bytes, onDevice.Address);
        return onDevice;
    }

    private static double[] Weights(IReadOnlyList<double> given, int samples)
    {
        if (given.Count != samples)
        {
            throw new InputException($"There are {samples} samples, but {given.Count} weights.");
        }

        double mean = given.Average();
        return given.All(weight => weight >= 0) && mean > 0 && double.IsFinite(mean)
            ? [.. given.Select(weight => weight / mean)]
            : throw new InputException("Weights of samples are finite, at least 0, and not all 0.");
    }

    // Images arrive as C, H, W and are stored as H, W, C unless the network flattens them at once.
    private void UploadInputs(HostTensor inputs, int first, int samples, DeviceBuffer to)
    {
        FeatureShape shape = Network.Input;
        int start = first * shape.Size;
        int count = samples * shape.Size;
        if (Network.Vocabulary > 0)
        {
            Device.Upload(inputs.AsSpan<long>().Slice(start, count), to.Address);
            return;
        }

        byte[] bytes = (Precision, inputs.Type) switch
        {
            (Precision.Float32, ElementType.Float32) =>
                MemoryMarshal.AsBytes(inputs.AsSpan<float>().Slice(start, count)).ToArray(),
            (Precision.Float64, ElementType.Float64) =>
                MemoryMarshal.AsBytes(inputs.AsSpan<double>().Slice(start, count)).ToArray(),
            (Precision.Float64, ElementType.Float32) =>
                Converted<float, double>(inputs.AsSpan<float>().Slice(start, count)),
            _ => Converted<double, float>(inputs.AsSpan<double>().Slice(start, count)),
        };
        if (Network.FlattensInput || shape.Channels == 1 || shape.Height * shape.Width == 1)
        {
            Device.Upload(bytes, to.Address);
            return;
        }

        using DeviceBuffer channelsFirst = Device.Allocate(bytes.Length);
        Device.Upload(bytes, channelsFirst.Address);
        Rearrangement.Transpose(
            Device, Precision, samples, shape.Channels, shape.Height * shape.Width, channelsFirst.Address, to.Address);
    }

    private static void RequireInputs(Network network, HostTensor inputs)
    {
        if (network.Vocabulary == 0)
        {
            if (inputs.Type is not (ElementType.Float32 or ElementType.Float64))
            {
                throw new InputException(
                    $"{network.Name} takes numbers, float32 or float64; these inputs are {inputs.Type}.");
            }

            return;
        }

        if (inputs.Type != ElementType.Int64)
        {
            throw new InputException(
                $"{network.Name} reads tokens, which are integers; these inputs are {inputs.Type}.");
        }

        foreach (long token in inputs.AsSpan<long>())
        {
            if (token < 0 || token >= network.Vocabulary)
            {
                throw new InputException(
                    $"An input has token {token}, but {network.Name} knows {network.Vocabulary} of them.");
            }
        }
    }

    private static byte[] Converted<TFrom, TTo>(ReadOnlySpan<TFrom> values)
        where TFrom : unmanaged, System.Numerics.INumberBase<TFrom>
        where TTo : unmanaged, System.Numerics.INumberBase<TTo>
    {
        var converted = new TTo[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<TFrom, TTo>(values, converted);
        return MemoryMarshal.AsBytes(converted.AsSpan()).ToArray();
    }
}

/// <summary>Losses of a data set at one θ.</summary>
/// <param name="SampleLosses">ℓᵢ of every sample.</param>
/// <param name="Correct">Targets that are the largest output: of samples, or of all positions of all samples.</param>
/// <param name="Targets">Number of targets.</param>
public sealed record Evaluation(double[] SampleLosses, int Correct, int Targets)
{
    /// <summary>Share of targets that are the largest output.</summary>
    public double Accuracy => Correct / (double)Targets;

    /// <summary>Mean over samples.</summary>
    public double Loss => SampleLosses.Average();
}
