namespace OpposingSignals.Networks;

/// <summary>
/// y = x Wᵀ + b with W [out, in] and b [out] in PyTorch's layout; rows are samples, or all positions of all samples.
/// The transposed form has W as [in, out], the layout of GPT-2's projections.
/// </summary>
/// <remarks>
/// Products per pass of 2·N·in·out flops: Forward 1, Backward 2, Tangent 2, TangentBackward 4. Where the input is the
/// data (ẋ = 0, x̄ not wanted) they are 1, 1, 1 and 1.
/// </remarks>
public sealed class Linear : Layer
{
    private readonly FeatureShape _input;
    private readonly bool _bias;

    /// <summary>Creates the layer.</summary>
    /// <param name="inputs">Input features.</param>
    /// <param name="outputs">Output features.</param>
    /// <param name="bias">Whether a bias is added.</param>
    public Linear(int inputs, int outputs, bool bias = true)
        : this(FeatureShape.Vector(inputs), outputs, bias)
    {
    }

    /// <summary>Creates the layer for every position of a sequence or an image.</summary>
    /// <param name="input">Shape of the input.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="transposed">Whether W is kept as [in, out].</param>
    /// <param name="prefix">What the names of weight and bias begin with.</param>
    public Linear(FeatureShape input, int outputs, bool bias = true, bool transposed = false, string prefix = "")
    {
        int inputs = input.Channels;
        RequirePositive(inputs, "A linear layer's inputs");
        RequirePositive(outputs, "A linear layer's outputs");
        (_input, _bias, IsTransposed) = (input, bias, transposed);
        OutputShape = input with { Channels = outputs };
        var weight = new ParameterSpecification(
            $"{prefix}weight", transposed ? [inputs, outputs] : [outputs, inputs], ParameterRole.Weight, inputs,
            outputs);
        Parameters = bias
            ? [weight, new ParameterSpecification($"{prefix}bias", [outputs], ParameterRole.Bias, inputs, outputs)]
            : [weight];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    /// <summary>Whether W is kept as [in, out].</summary>
    public bool IsTransposed { get; }

    internal override bool NeedsInputTangent => true;

    internal override bool TakesActivationAfter => true;

    internal override bool TakesActivationBefore => true;

    /// <summary>Whether its input can be packed: one row a sample, and W in PyTorch's layout.</summary>
    internal bool IsPackable => _input.Positions == 1 && !IsTransposed;

    private int In => _input.Channels;

    private int Out => OutputShape.Channels;

    // Distance between the rows of W as it is stored.
    private int WeightLeading => IsTransposed ? Out : In;

    /// <inheritdoc/>
    public override string ToString() =>
        $"Linear({In}, {Out}{(_bias ? "" : ", no bias")}{(IsTransposed ? ", transposed" : "")})";

    internal override bool NeedsOutputCotangent(bool inputMoves) => inputMoves;

    internal override void Forward(LayerPass pass)
    {
        var y = new VectorView(pass.Output, 0);
        var weight = new VectorView(pass.Parameters[0], 0);
        VectorView bias = _bias ? new VectorView(pass.Parameters[1], 0) : VectorView.None;
        Multiply(pass, 1, [(new VectorView(pass.Inputs[0], 0), weight)], bias, y);
    }

    internal override void Tangent(LayerPass pass) =>
        Multiply(
            pass,
            pass.Vectors,
            [
                (pass.InputTangents[0], new VectorView(pass.Parameters[0], 0)),
                (new VectorView(pass.Inputs[0], 0), pass.ParameterTangents[0]),
            ],
            _bias ? pass.ParameterTangents[1] : VectorView.None,
            pass.OutputTangent);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            AddInputCotangent(pass, [(pass.OutputCotangent, new VectorView(pass.Parameters[0], 0))]);
        }

        if (pass.ParameterCotangents.Length > 0)
        {
            AddWeightCotangent(pass, [(pass.OutputCotangent, new VectorView(pass.Inputs[0], 0))]);
        }
    }

    internal override void TangentBackward(LayerPass pass)
    {
        var primalCotangent = new VectorView(pass.PrimalOutputCotangent, 0);
        if (pass.InputCotangents[0].Exists)
        {
            AddInputCotangent(
                pass,
                [
                    (pass.OutputCotangent, new VectorView(pass.Parameters[0], 0)),
                    (primalCotangent, pass.ParameterTangents[0]),
                ]);
        }

        AddWeightCotangent(
            pass,
            [
                (pass.OutputCotangent, new VectorView(pass.Inputs[0], 0)),
                (primalCotangent, pass.InputTangents[0]),
            ]);
    }

    internal override double SecondOrder(LayerPass pass)
    {
        if (!pass.InputTangents[0].Exists || !pass.ParameterTangents[0].Exists)
        {
            return 0;
        }

        // D²f[(ẋ, Ẇ)²] = 2 ẋ Ẇᵀ
        Multiply(
            pass, pass.Vectors, [(pass.InputTangents[0], pass.ParameterTangents[0])], VectorView.None,
            pass.OutputTangent);
        return 2;
    }

    // y_j = Σ x_tj W_tjᵀ + bias_j
    private void Multiply(
        LayerPass pass, int vectors, ReadOnlySpan<(VectorView X, VectorView Weight)> terms, VectorView bias,
        VectorView y)
    {
        bool packed = pass.PackedInput is not null;
        Span<(Operand, Operand)> products = new (Operand, Operand)[terms.Length];
        VectorView packedWeight = VectorView.None;
        bool any = false;
        for (int t = 0; t < terms.Length; t++)
        {
            (VectorView x, VectorView weight) = terms[t];
            if (packed && x.Address == pass.Inputs[0])
            {
                packedWeight = weight;
                continue;
            }

            products[t] = (new Operand(x, In), new Operand(weight, WeightLeading, Transposed: !IsTransposed));
            any |= x.Exists && weight.Exists;
        }

        if (any)
        {
            Products.Run(
                pass, vectors, RowCount(pass), Out, In, products, y, accumulate: false, packed ? default : bias,
                packed ? default : pass.TakeFollowing());
        }

        if (packedWeight.Exists)
        {
            pass.PackedInput!.Forward(pass, vectors, packedWeight, bias, y, accumulate: any);
        }
        else if (!any)
        {
            // Nothing moves but the bias.
            Rows.Copy(pass, vectors, RowCount(pass), Out, new Rows.Row(bias, 0), new Rows.Row(y, Out));
        }
    }

    // x̄_j = [+] Σ ȳ_tj W_tj
    private void AddInputCotangent(LayerPass pass, ReadOnlySpan<(VectorView Cotangent, VectorView Weight)> terms)
    {
        Span<(Operand, Operand)> products = new (Operand, Operand)[terms.Length];
        for (int t = 0; t < terms.Length; t++)
        {
            products[t] =
                (new Operand(terms[t].Cotangent, Out), new Operand(terms[t].Weight, WeightLeading, IsTransposed));
        }

        Products.Run(
            pass, pass.Vectors, RowCount(pass), In, Out, products, pass.InputCotangents[0], pass.AccumulateInput[0],
            then: pass.TakeFollowing());
    }

    // W̄_j += Σ ȳ_tjᵀ x_tj, or its transpose; the bias sees the first cotangent alone.
    private void AddWeightCotangent(LayerPass pass, ReadOnlySpan<(VectorView Cotangent, VectorView X)> terms)
    {
        VectorView weight = pass.ParameterCotangents[0];
        Span<(Operand, Operand)> products = new (Operand, Operand)[terms.Length];
        bool any = false;
        for (int t = 0; t < terms.Length && weight.Exists; t++)
        {
            (VectorView cotangent, VectorView x) = terms[t];
            if (pass.PackedInput is not null && x.Address == pass.Inputs[0])
            {
                pass.PackedInput.AddGradient(pass, pass.Vectors, cotangent, weight);
                continue;
            }

            products[t] = IsTransposed
                ? (new Operand(x, In, Transposed: true), new Operand(cotangent, Out))
                : (new Operand(cotangent, Out, Transposed: true), new Operand(x, In));
            any |= cotangent.Exists && x.Exists;
        }

        if (any)
        {
            (int rows, int columns) = IsTransposed ? (In, Out) : (Out, In);
            Products.Run(pass, pass.Vectors, rows, columns, RowCount(pass), products, weight, accumulate: true);
        }

        if (_bias && pass.ParameterCotangents[1].Exists)
        {
            Products.AddColumnSums(
                pass, pass.Vectors, RowCount(pass), Out, terms[0].Cotangent, pass.ParameterCotangents[1]);
        }
    }

    private long RowCount(LayerPass pass) => (long)pass.Samples * _input.Positions;
}
