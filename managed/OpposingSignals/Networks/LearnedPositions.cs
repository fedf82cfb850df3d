using System.Collections.Immutable;

namespace OpposingSignals.Networks;

/// <summary>
/// y[t] = x[t] + p[t] with a learned p of at least as many rows as there are positions; the rows beyond have zero
/// gradients and curvature. Linear.
/// </summary>
public sealed class LearnedPositions : Layer
{
    /// <summary>Creates the layer.</summary>
    /// <param name="shape">Shape of input and output; positions are read row by row.</param>
    /// <param name="name">Name of p in a state dict.</param>
    /// <param name="leading">Extents of 1 that p's shape begins with: [1, T, C] has one.</param>
    /// <param name="rows">Rows of p; 0 takes as many as there are positions.</param>
    /// <exception cref="InputException">There are fewer rows than positions.</exception>
    public LearnedPositions(FeatureShape shape, string name = "weight", int leading = 0, int rows = 0)
    {
        OutputShape = shape;
        rows = rows == 0 ? shape.Positions : rows;
        if (rows < shape.Positions)
        {
            throw new InputException($"{rows} learned positions are too few for {shape.Positions}.");
        }

        ImmutableArray<int> extents = [.. Enumerable.Repeat(1, leading), rows, shape.Channels];
        Parameters = [new ParameterSpecification(name, extents, ParameterRole.Embedding, 1, shape.Channels)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [OutputShape];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    internal override bool OverwritesInput => true;

    internal override bool OverwritesTangent => true;

    internal override bool OverwritesCotangent => true;

    /// <inheritdoc/>
    public override string ToString() => $"LearnedPositions({OutputShape.Positions})";

    internal override void Forward(LayerPass pass) =>
        AddTo(pass, 1, new VectorView(pass.Inputs[0], 0), new VectorView(pass.Parameters[0], 0), new VectorView(
            pass.Output, 0));

    internal override void Tangent(LayerPass pass) =>
        AddTo(pass, pass.Vectors, pass.InputTangents[0], pass.ParameterTangents[0], pass.OutputTangent);

    internal override void Backward(LayerPass pass)
    {
        int size = OutputShape.Size;
        if (pass.ParameterCotangents.Length > 0 && pass.ParameterCotangents[0].Exists)
        {
            Rows.AddSum(
                pass, pass.Vectors, pass.Samples, size, new Rows.Row(pass.OutputCotangent, size),
                pass.ParameterCotangents[0]);
        }

        if (pass.InputCotangents[0].Exists
            && (pass.AccumulateInput[0] || pass.InputCotangents[0] != pass.OutputCotangent))
        {
            Rows.Copy(
                pass, pass.Vectors, pass.Samples, size, new Rows.Row(pass.OutputCotangent, size),
                new Rows.Row(pass.InputCotangents[0], size), pass.AccumulateInput[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void AddTo(LayerPass pass, int vectors, VectorView x, VectorView positions, VectorView y)
    {
        int size = OutputShape.Size;
        var to = new Rows.Row(y, size);
        if (x.Address != y.Address)
        {
            Rows.Copy(pass, vectors, pass.Samples, size, new Rows.Row(x, size), to);
        }

        if (positions.Exists)
        {
            Rows.Copy(pass, vectors, pass.Samples, size, new Rows.Row(positions, 0), to, accumulate: true);
        }
    }
}
