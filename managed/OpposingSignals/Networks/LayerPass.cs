using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// K tensors on a device: vector j starts <c>j · Stride</c> elements after <paramref name="Address"/>. A stride of zero
/// shares one tensor among all vectors. <see cref="None"/> stands for a tensor of zeros that is not stored (as an
/// input), or one that nobody wants (as an output).
/// </summary>
internal readonly record struct VectorView(nint Address, long Stride)
{
    public static VectorView None => default;

    public bool Exists => Address != 0;
}

/// <summary>
/// The operands of one layer in one pass over a micro-batch. Which of them are set depends on the pass; see
/// <see cref="Layer"/>.
/// </summary>
internal sealed record LayerPass
{
    public required Device Device { get; init; }

    public required Precision Precision { get; init; }

    /// <summary>Whether batch normalisation takes the statistics of the micro-batch or its running ones.</summary>
    public required BatchNormMode BatchNorm { get; init; }

    /// <summary>Whether dropout drops; otherwise it is the identity.</summary>
    public required bool Dropout { get; init; }

    /// <summary>Place of the micro-batch's first sample in the data.</summary>
    public int FirstSample { get; set; }

    /// <summary>Samples N of the micro-batch.</summary>
    public int Samples { get; set; }

    /// <summary>Vectors K pushed at once.</summary>
    public int Vectors { get; set; }

    /// <summary>Primal inputs x.</summary>
    public nint[] Inputs { get; set; } = [];

    /// <summary>The first input, packed for products; null unless it is the data, packed for this layer.</summary>
    public PackedMatrix? PackedInput { get; set; }

    /// <summary>Primal output y; may be the first input where the layer allows it.</summary>
    public nint Output { get; set; }

    /// <summary>What Forward keeps for the other passes, beside x and y.</summary>
    public nint Cache { get; set; }

    /// <summary>Primal parameters θ of this layer.</summary>
    public nint[] Parameters { get; set; } = [];

    /// <summary>ẋ, one per input.</summary>
    public VectorView[] InputTangents { get; set; } = [];

    /// <summary>θ̇, one per parameter; none where it is frozen.</summary>
    public VectorView[] ParameterTangents { get; set; } = [];

    /// <summary>ẏ.</summary>
    public VectorView OutputTangent { get; set; }

    /// <summary>ȳ of the primal, shared by all vectors; read by TangentBackward.</summary>
    public nint PrimalOutputCotangent { get; set; }

    /// <summary>The K cotangents ȳ (Backward) or their K tangents (TangentBackward).</summary>
    public VectorView OutputCotangent { get; set; }

    /// <summary>x̄ or its tangents, one per input.</summary>
    public VectorView[] InputCotangents { get; set; } = [];

    /// <summary>Whether an input's cotangent is added to what another consumer of that input has left there.</summary>
    public bool[] AccumulateInput { get; set; } = [];

    /// <summary>
    /// θ̄ or its tangents, one per parameter; always added to. None where it is frozen; empty if no gradient is wanted.
    /// </summary>
    public VectorView[] ParameterCotangents { get; set; } = [];

    /// <summary>
    /// The pass of the activation beside the layer, over what the layer's pass writes; null where there is none. A layer
    /// may take it along in an operation that can; <see cref="FinishFollowing"/> runs what was left.
    /// </summary>
    public Activation.Arguments? Following { get; set; }

    /// <summary>What an operation is to go on with, from here on its own business.</summary>
    public Activation.Arguments TakeFollowing()
    {
        Activation.Arguments taken = Following ?? default;
        Following = null;
        return taken;
    }

    /// <summary>Runs the activation's pass unless it was taken.</summary>
    public void FinishFollowing()
    {
        if (Following is not null)
        {
            Activation.Run(Device, TakeFollowing());
        }
    }

    /// <summary>
    /// All passes of a layer on operands that lie nowhere, to be asked what they would take rather than done.
    /// </summary>
    public static LayerPass Nowhere(Layer layer, Device device, Precision precision, int samples, int vectors)
    {
        const nint nowhere = 1 << 8;
        VectorView[] inputs =
            [.. layer.InputShapes.Select(shape => new VectorView(nowhere, (long)samples * shape.Size))];
        VectorView[] parameters = [.. layer.Parameters.Select(parameter => new VectorView(nowhere, parameter.Count))];
        var output = new VectorView(nowhere, (long)samples * layer.OutputShape.Size);
        return new LayerPass
        {
            Device = device,
            Precision = precision,
            BatchNorm = BatchNormMode.Train,
            Dropout = true,
            Samples = samples,
            Vectors = vectors,
            Inputs = Array.ConvertAll(inputs, _ => nowhere),
            Output = nowhere,
            Cache = nowhere,
            Parameters = Array.ConvertAll(parameters, _ => nowhere),
            InputTangents = inputs,
            ParameterTangents = parameters,
            OutputTangent = output,
            PrimalOutputCotangent = nowhere,
            OutputCotangent = output,
            InputCotangents = inputs,
            AccumulateInput = new bool[inputs.Length],
            ParameterCotangents = parameters,
        };
    }
}
