using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// Multi-head self-attention between its projections (Vaswani et al. 2017, arXiv 1706.03762): from queries, keys and
/// values side by side, O = softmax(Q Kᵀ/√d) V for every head of width d.
/// </summary>
/// <remarks>
/// With P = softmax(S), and ⟨·⟩ the sum over a row weighted by P:
/// <list type="table">
/// <item><term>Tangent</term><description>Ṗ = P ∘ (Ṡ − ⟨Ṡ⟩); Ȯ = Ṗ V + P V̇</description></item>
/// <item><term>Backward</term><description>P̄ = Ō Vᵀ; S̄ = P ∘ (P̄ − ⟨P̄⟩); V̄ = Pᵀ Ō; Q̄ = S̄ K/√d; K̄ = S̄ᵀ
/// Q/√d</description></item>
/// <item><term>TangentBackward</term><description>the derivative of each, hand-written</description></item>
/// <item><term>SecondOrder</term><description>P̈ = P ∘ (w − ⟨w⟩), w = (Ṡ − ⟨Ṡ⟩)² + 2 Q̇ K̇ᵀ/√d; Ö = P̈ V + 2 Ṗ
/// V̇</description></item>
/// </list>
/// P is recomputed tile by tile in every pass and never stored, so that memory grows with T and not with T².
/// </remarks>
public sealed class Attention : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("attention_forward");
    private static readonly Operation<Arguments> TangentOperation = new("attention_tangent");
    private static readonly Operation<Arguments> BackwardOperation = new("attention_backward");
    private static readonly Operation<Arguments> TangentBackwardOperation = new("attention_tangent_backward");
    private static readonly Operation<Arguments> SecondOrderOperation = new("attention_second_order");

    private readonly FeatureShape _input;

    /// <summary>Creates the layer.</summary>
    /// <param name="input">
    /// Shape of the sequence with 3 C channels: all queries, all keys, all values; within each, head by head.
    /// </param>
    /// <param name="heads">Heads; each has C/heads channels.</param>
    /// <param name="causal">Whether a position attends to itself and those before it only.</param>
    /// <exception cref="InputException">The heads do not divide the channels.</exception>
    public Attention(FeatureShape input, int heads, bool causal)
    {
        RequirePositive(heads, "The heads of an attention");
        if (input.Channels % (3 * heads) != 0)
        {
            throw new InputException($"{input.Channels} channels are not queries, keys and values of {heads} heads.");
        }

        (_input, Heads, IsCausal) = (input, heads, causal);
        OutputShape = input with { Channels = input.Channels / 3 };
    }

    /// <summary>Number of heads.</summary>
    public int Heads { get; }

    /// <summary>Whether a position attends to itself and those before it only.</summary>
    public bool IsCausal { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <summary>
    /// Multiply-adds of S and of O for one sample, of the pairs of positions that attend to each other.
    /// </summary>
    internal long MultiplyAdds =>
        (IsCausal ? (long)OutputShape.Positions * (OutputShape.Positions + 1) / 2 : (long)OutputShape.Positions * OutputShape.Positions)
        * 2 * OutputShape.Channels;

    internal override bool NeedsInputTangent => true;

    /// <inheritdoc/>
    public override string ToString() =>
        $"Attention({Heads} heads of {OutputShape.Channels / Heads}{(IsCausal ? ", causal" : "")})";

    internal override bool NeedsOutputCotangent(bool inputMoves) => inputMoves;

    internal override void Forward(LayerPass pass) =>
        pass.Device.Run(ForwardOperation, Describe(pass, 1) with { Out = pass.Output });

    internal override void Tangent(LayerPass pass) => pass.Device.Run(TangentOperation, WithTangent(pass));

    internal override void Backward(LayerPass pass) => Pull(BackwardOperation, pass);

    internal override void TangentBackward(LayerPass pass) => Pull(TangentBackwardOperation, pass);

    internal override double SecondOrder(LayerPass pass)
    {
        if (!pass.InputTangents[0].Exists)
        {
            return 0;
        }

        pass.Device.Run(SecondOrderOperation, WithTangent(pass));
        return 1;
    }

    private void Pull(Operation<Arguments> operation, LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            pass.Device.Run(operation, Describe(pass, pass.Vectors) with
            {
                Accumulate = pass.AccumulateInput[0] ? 1 : 0,
                Tangent = operation == TangentBackwardOperation ? pass.InputTangents[0].Address : 0,
                Cotangent = pass.PrimalOutputCotangent,
                OutputCotangent = pass.OutputCotangent.Address,
                Out = pass.InputCotangents[0].Address,
            });
        }
    }

    private Arguments WithTangent(LayerPass pass) =>
        Describe(pass, pass.Vectors) with { Tangent = pass.InputTangents[0].Address, Out = pass.OutputTangent.Address };

    private Arguments Describe(LayerPass pass, int vectors) => new()
    {
        Precision = pass.Precision,
        Causal = IsCausal ? 1 : 0,
        Vectors = vectors,
        Samples = pass.Samples,
        Positions = _input.Positions,
        Heads = Heads,
        Width = OutputShape.Channels / Heads,
        Values = pass.Inputs[0],
    };

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Causal;
        public int Accumulate;
        public int Reserved;
        public long Vectors;
        public long Samples;
        public long Positions;
        public long Heads;
        public long Width;
        public nint Values;
        public nint Tangent;
        public nint Cotangent;
        public nint OutputCotangent;
        public nint Out;
    }
}
