using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// y[t] = E[token t]: a row of the table E [vocabulary, width] for every token of a sequence. Linear in E.
/// </summary>
/// <remarks>
/// Its input is the data, integers; rows of tokens that do not occur have zero gradients and curvature.
/// </remarks>
public sealed class TokenEmbedding : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("embedding_forward");
    private static readonly Operation<Arguments> BackwardOperation = new("embedding_backward");

    private readonly int _positions;

    /// <summary>Creates the layer.</summary>
    /// <param name="positions">Tokens T of a sequence.</param>
    /// <param name="vocabulary">Different tokens.</param>
    /// <param name="width">Numbers that stand for one.</param>
    public TokenEmbedding(int positions, int vocabulary, int width)
    {
        RequirePositive(positions, "A sequence's tokens");
        RequirePositive(vocabulary, "An embedding's vocabulary");
        RequirePositive(width, "An embedding's width");
        (_positions, Vocabulary) = (positions, vocabulary);
        OutputShape = FeatureShape.Sequence(positions, width);
        Parameters = [new ParameterSpecification("weight", [vocabulary, width], ParameterRole.Embedding, 1, width)];
    }

    /// <summary>Different tokens.</summary>
    public int Vocabulary { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [FeatureShape.Sequence(_positions, 1)];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    /// <inheritdoc/>
    public override string ToString() => $"TokenEmbedding({Vocabulary}, {OutputShape.Channels})";

    internal override void Forward(LayerPass pass) =>
        Run(ForwardOperation, pass, 1, new VectorView(pass.Parameters[0], 0), new VectorView(pass.Output, 0));

    internal override void Tangent(LayerPass pass) =>
        Run(ForwardOperation, pass, pass.Vectors, pass.ParameterTangents[0], pass.OutputTangent);

    internal override void Backward(LayerPass pass)
    {
        if (pass.ParameterCotangents.Length > 0 && pass.ParameterCotangents[0].Exists)
        {
            Run(BackwardOperation, pass, pass.Vectors, pass.OutputCotangent, pass.ParameterCotangents[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Run(Operation<Arguments> operation, LayerPass pass, int vectors, VectorView from, VectorView to) =>
        pass.Device.Run(operation, new Arguments
        {
            Precision = pass.Precision,
            Vectors = vectors,
            Rows = (long)pass.Samples * _positions,
            Width = OutputShape.Channels,
            Vocabulary = Vocabulary,
            Tokens = pass.Inputs[0],
            In = from.Address,
            InVectorStride = from.Stride,
            Out = to.Address,
            OutVectorStride = to.Stride,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public long Vectors;
        public long Rows;
        public long Width;
        public long Vocabulary;
        public nint Tokens;
        public nint In;
        public long InVectorStride;
        public nint Out;
        public long OutVectorStride;
    }
}
