using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// The four passes over a whole network for one micro-batch at a time: addresses from <see cref="PassLayout"/>, layers
/// in order or in reverse.
/// </summary>
internal sealed class NetworkPasses
{
    private readonly Network _network;
    private readonly Loss _loss;
    private readonly PassLayout _layout;
    private readonly LayerPass _pass;

    // Inputs are packed for one layer's outputs: another that reads the data has others.
    private readonly Linear? _packedLinear;
    private readonly bool[] _written;

    public NetworkPasses(
        Device device, Precision precision, Network network, Loss loss, PassLayout layout, ObjectiveOptions options)
    {
        _network = network;
        _loss = loss;
        _layout = layout;
        _pass = new LayerPass
        {
            Device = device,
            Precision = precision,
            BatchNorm = options.BatchNorm,
            Dropout = options.Dropout,
        };
        _packedLinear = MemoryPlan.PackedLinear(network);
        _written = new bool[network.Nodes.Length + 1];
    }

    private int Last => _network.Nodes.Length;

    private int ElementSize => _pass.Precision.Size();

    /// <summary>y of every layer into the primal arena; then the loss of every sample.</summary>
    public void Forward(MicroBatch batch, nint primal, VectorBlock parameters, SampleResults results)
    {
        Begin(batch, 1);
        for (int i = 0; i < Last; i++)
        {
            if (IsTakenForward(i))
            {
                continue;
            }

            if (_network.ActivationAfter(i) is { } activation)
            {
                SetPrimal(batch, primal, parameters, i + 1);
                _pass.Following = activation.ForwardArguments(_pass);
            }

            SetPrimal(batch, primal, parameters, i);
            _network.Nodes[i].Layer.Forward(_pass);
            _pass.FinishFollowing();
        }

        _loss.Forward(Operands(batch, primal), results.LossesOf(batch), results.CorrectOf(batch));
    }

    /// <summary>
    /// After <see cref="Forward"/> in training mode: copies the statistics of every batch normalisation, one after
    /// another.
    /// </summary>
    public void CopyStatistics(nint primal, nint to)
    {
        for (int i = 0; i < Last; i++)
        {
            if (_network.Nodes[i].Layer is FeatureNormalization { Running: not null } layer)
            {
                long bytes = 2L * layer.Groups * sizeof(double);
                _pass.Device.Copy(primal + (nint)_layout.Cache[i + 1], to, bytes);
                to += (nint)bytes;
            }
        }
    }

    /// <summary>
    /// Cotangents of the mean loss of <paramref name="total"/> samples, after <see cref="Forward"/>; keeps those that
    /// products read. Adds this micro-batch's part of the gradient unless <paramref name="gradient"/> is null.
    /// </summary>
    public void Backward(
        MicroBatch batch, nint primal, nint workspace, VectorBlock parameters, VectorBlock? gradient, int total)
    {
        Begin(batch, 1);
        _loss.Gradient(Operands(batch, primal), 1.0 / total, GradientCotangent(primal, workspace, Last).Address);
        Weight(batch, 1, GradientCotangent(primal, workspace, Last));
        Array.Clear(_written);
        for (int i = Last - 1; i >= 0; i--)
        {
            if (!_layout.Moves[i + 1] || IsTakenBackward(i))
            {
                continue;
            }

            if (_layout.Moves[i] && _network.ActivationBefore(i) is { } activation)
            {
                SetBackward(i - 1);
                _pass.Following = activation.BackwardArguments(_pass);
            }

            SetBackward(i);
            _pass.ParameterCotangents = gradient is null ? [] : MovingViews(i, gradient);
            _network.Nodes[i].Layer.Backward(_pass);
            _pass.FinishFollowing();
        }

        void SetBackward(int i)
        {
            SetPrimal(batch, primal, parameters, i);
            _pass.OutputCotangent = GradientCotangent(primal, workspace, i + 1);
            SetInputCotangents(i, tensor => GradientCotangent(primal, workspace, tensor));
        }
    }

    /// <summary>ẏ of every layer along K directions, after <see cref="Forward"/>.</summary>
    public void Tangent(MicroBatch batch, nint primal, nint workspace, VectorBlock parameters, VectorBlock directions)
    {
        Begin(batch, directions.Count);
        for (int i = 0; i < Last; i++)
        {
            if (!_layout.Moves[i + 1] || IsTakenForward(i))
            {
                continue;
            }

            if (_network.ActivationAfter(i) is { } activation)
            {
                SetTangent(i + 1);
                _pass.Following = activation.TangentArguments(_pass);
            }

            SetTangent(i);
            _network.Nodes[i].Layer.Tangent(_pass);
            _pass.FinishFollowing();
        }

        void SetTangent(int i)
        {
            SetPrimal(batch, primal, parameters, i);
            SetTangents(workspace, directions, i);
        }
    }

    /// <summary>
    /// Adds this micro-batch's part of H v_j, or of the product with another matrix, to the products, after
    /// <see cref="Backward"/> and <see cref="Tangent"/>.
    /// </summary>
    public void AddProducts(
        ProductKind kind, MicroBatch batch, nint primal, nint workspace, VectorBlock parameters, VectorBlock directions,
        VectorBlock products, int total)
    {
        Begin(batch, directions.Count);
        nint tangents = TangentView(workspace, Last).Address, cotangents = ProductCotangent(workspace, Last).Address;
        if (kind == ProductKind.EmpiricalFisher)
        {
            _loss.Gradient(Operands(batch, primal), 1, cotangents);
            SampleProjections.Write(
                _pass, directions.Count, _network.Outputs, 1.0 / total, cotangents, tangents, cotangents);
        }
        else
        {
            _loss.HessianProduct(Operands(batch, primal), 1.0 / total, directions.Count, tangents, cotangents);
        }

        Weight(batch, directions.Count, ProductCotangent(workspace, Last));

        Array.Clear(_written);
        for (int i = Last - 1; i >= 0; i--)
        {
            if (!_layout.Moves[i + 1] || IsTakenBackward(i))
            {
                continue;
            }

            bool secondOrder = kind == ProductKind.Hessian;
            if (_layout.Moves[i] && _network.ActivationBefore(i) is { } activation)
            {
                SetBackward(i - 1);
                _pass.Following =
                    secondOrder ? activation.TangentBackwardArguments(_pass) : activation.BackwardArguments(_pass);
            }

            SetBackward(i);
            _pass.ParameterCotangents = MovingViews(i, products);
            Layer layer = _network.Nodes[i].Layer;
            if (secondOrder)
            {
                layer.TangentBackward(_pass);
            }
            else
            {
                layer.Backward(_pass);
            }

            _pass.FinishFollowing();
        }

        void SetBackward(int i)
        {
            SetPrimal(batch, primal, parameters, i);
            SetInputCotangents(i, tensor => ProductCotangent(workspace, tensor));
            _pass.OutputCotangent = ProductCotangent(workspace, i + 1);
            if (kind == ProductKind.Hessian)
            {
                SetTangents(workspace, directions, i);
                _pass.PrimalOutputCotangent = KeptCotangent(primal, i + 1);
            }
        }
    }

    /// <summary>slopes[j, n] = w_n ⟨∇ℓ_n, v_j⟩, after <see cref="Tangent"/>.</summary>
    public void SampleSlopes(
        MicroBatch batch, nint primal, nint workspace, int vectors, Span<double> slopes, int stride)
    {
        Begin(batch, vectors);
        nint gradient = ProductCotangent(workspace, Last).Address;
        _loss.Gradient(Operands(batch, primal), 1, gradient);
        Weight(batch, 1, ProductCotangent(workspace, Last));
        SampleDots.Add(
            _pass, vectors, _network.Outputs, 1, new VectorView(gradient, 0), TangentView(workspace, Last), slopes,
            stride);
    }

    /// <summary>
    /// curvatures[j, n] = w_n v_jᵀ H_n v_j, after <see cref="Backward"/> and <see cref="Tangent"/>: the loss's own
    /// part, and of every layer the second derivative along the tangents contracted with the cotangent.
    /// </summary>
    public void SampleCurvatures(
        MicroBatch batch, nint primal, nint workspace, VectorBlock parameters, VectorBlock directions, int total,
        ReadOnlySpan<double> weights, Span<double> curvatures, int stride)
    {
        Begin(batch, directions.Count);
        _loss.AddCurvature(
            Operands(batch, primal), directions.Count, TangentView(workspace, Last).Address, curvatures, stride);
        for (int j = 0; j < directions.Count && !weights.IsEmpty; j++)
        {
            // The layers' parts, added below, have the weights from the cotangents.
            Span<double> ofVector = curvatures.Slice(j * stride, batch.Samples);
            System.Numerics.Tensors.TensorPrimitives.Multiply(
                ofVector, weights.Slice(batch.First, batch.Samples), ofVector);
        }

        for (int i = Last - 1; i >= 0; i--)
        {
            if (!_layout.Moves[i + 1])
            {
                continue;
            }

            Layer layer = _network.Nodes[i].Layer;
            SetPrimal(batch, primal, parameters, i);
            SetTangents(workspace, directions, i);

            // By now the tangent of this layer's output is spent; its cotangent's place is free for the second
            // derivative.
            _pass.OutputTangent = ProductCotangent(workspace, i + 1);
            double scale = layer.SecondOrder(_pass);
            if (scale != 0)
            {
                // Kept cotangents are those of the mean over all samples.
                SampleDots.Add(
                    _pass, directions.Count, layer.OutputShape.Size, scale * total,
                    new VectorView(KeptCotangent(primal, i + 1), 0), _pass.OutputTangent, curvatures, stride);
            }
        }
    }

    /// <summary>
    /// What the layer before a tensor computed for the micro-batch, [N, features], unless a later one wrote over it.
    /// </summary>
    public nint Activations(nint primal, int tensor) => primal + (nint)_layout.Primal[tensor];

    /// <summary>squares[n] += Σ a², over what the layer before a tensor computed for sample n.</summary>
    public void AddSquaredNorms(MicroBatch batch, nint primal, int tensor, Span<double> squares)
    {
        Begin(batch, 1);
        var activations = new VectorView(Activations(primal, tensor), 0);
        SampleDots.Add(
            _pass, 1, _network.Nodes[tensor - 1].Layer.OutputShape.Size, 1, activations, activations, squares,
            batch.Samples);
    }

    /// <summary>Tangents of the outputs, [K, N, C], after <see cref="Tangent"/>.</summary>
    public nint OutputTangents(nint workspace) => TangentView(workspace, Last).Address;

    // The cotangents of the outputs are those of the samples' own losses; from here on they are of the weighted ones.
    private void Weight(MicroBatch batch, int vectors, VectorView outputCotangents)
    {
        if (batch.Weights != 0)
        {
            Rows.Scale(_pass, vectors, batch.Samples, _network.Outputs, batch.Weights, outputCotangents);
        }
    }

    // Whether the node before, or after, takes this one along.
    private bool IsTakenForward(int i) => i > 0 && _network.ActivationAfter(i - 1) is not null;

    private bool IsTakenBackward(int i) => i + 1 < Last && _network.ActivationBefore(i + 1) is not null;

    private void Begin(MicroBatch batch, int vectors)
    {
        _pass.FirstSample = batch.First;
        _pass.Samples = batch.Samples;
        _pass.Vectors = vectors;
    }

    private Loss.LossOperands Operands(MicroBatch batch, nint primal) =>
        new(_pass.Device, _pass.Precision, batch.Samples,
            _network.OutputShape, Activations(primal, Last), batch.Targets);

    private void SetPrimal(MicroBatch batch, nint primal, VectorBlock parameters, int i)
    {
        NetworkNode node = _network.Nodes[i];
        _pass.Inputs = new nint[node.Inputs.Length];
        for (int n = 0; n < node.Inputs.Length; n++)
        {
            int tensor = node.Inputs[n];
            _pass.Inputs[n] = tensor == 0 ? batch.Inputs : primal + (nint)_layout.Primal[tensor];
        }

        _pass.PackedInput = node.Inputs[0] == 0 && node.Layer == _packedLinear ? batch.Packed : null;
        _pass.Output = primal + (nint)_layout.Primal[i + 1];
        _pass.Cache = _layout.Cache[i + 1] < 0 ? 0 : primal + (nint)_layout.Cache[i + 1];
        _pass.Parameters = Array.ConvertAll(ParameterViews(i, parameters), view => view.Address);
    }

    private void SetTangents(nint workspace, VectorBlock directions, int i)
    {
        NetworkNode node = _network.Nodes[i];
        _pass.InputTangents = new VectorView[node.Inputs.Length];
        for (int n = 0; n < node.Inputs.Length; n++)
        {
            _pass.InputTangents[n] =
                _layout.Moves[node.Inputs[n]] ? TangentView(workspace, node.Inputs[n]) : VectorView.None;
        }

        _pass.OutputTangent = TangentView(workspace, i + 1);
        _pass.ParameterTangents = MovingViews(i, directions);
    }

    private void SetInputCotangents(int i, Func<int, VectorView> view)
    {
        NetworkNode node = _network.Nodes[i];
        _pass.InputCotangents = new VectorView[node.Inputs.Length];
        _pass.AccumulateInput = new bool[node.Inputs.Length];
        for (int n = 0; n < node.Inputs.Length; n++)
        {
            int tensor = node.Inputs[n];
            if (_layout.Moves[tensor])
            {
                _pass.InputCotangents[n] = view(tensor);
                _pass.AccumulateInput[n] = _written[tensor];
                _written[tensor] = true;
            }
        }
    }

    private VectorView[] ParameterViews(int i, VectorBlock block)
    {
        var parameters = _network.Nodes[i].Parameters;
        var views = new VectorView[parameters.Length];
        for (int p = 0; p < views.Length; p++)
        {
            views[p] = new VectorView(block.Address + (nint)(parameters[p].Offset * ElementSize), block.Length);
        }

        return views;
    }

    // A frozen parameter has no tangent, and nobody wants its cotangent.
    private VectorView[] MovingViews(int i, VectorBlock block)
    {
        VectorView[] views = ParameterViews(i, block);
        for (int p = 0; p < views.Length; p++)
        {
            if (_network.Nodes[i].Parameters[p].IsFrozen)
            {
                views[p] = VectorView.None;
            }
        }

        return views;
    }

    private VectorView TangentView(nint workspace, int tensor) =>
        new(workspace + (nint)_layout.Tangent[tensor], TensorSize(tensor));

    private VectorView ProductCotangent(nint workspace, int tensor) =>
        new(workspace + (nint)_layout.ProductCotangent[tensor], TensorSize(tensor));

    private VectorView GradientCotangent(nint primal, nint workspace, int tensor) =>
        new(
            _layout.KeptCotangent[tensor] >= 0
                ? KeptCotangent(primal, tensor)
                : workspace + (nint)_layout.GradientCotangent[tensor],
            TensorSize(tensor));

    private nint KeptCotangent(nint primal, int tensor) =>
        _layout.KeptCotangent[tensor] < 0 ? 0 : primal + (nint)_layout.KeptCotangent[tensor];

    private long TensorSize(int tensor) =>
        (long)_pass.Samples * _network.Nodes[tensor - 1].Layer.OutputShape.Size;
}
