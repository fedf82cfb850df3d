namespace OpposingSignals.Networks;

/// <summary>
/// y = [c; x[0]; …; x[T − 1]]: a learned token in front of a sequence (Dosovitskiy et al. 2021, arXiv 2010.11929).
/// Linear.
/// </summary>
public sealed class ClassToken : Layer
{
    private readonly FeatureShape _input;

    /// <summary>Creates the layer.</summary>
    /// <param name="input">Shape of the sequence, or of the image of patches, which is read row by row.</param>
    public ClassToken(FeatureShape input)
    {
        _input = input;
        OutputShape = FeatureShape.Sequence(input.Positions + 1, input.Channels);
        Parameters = [new ParameterSpecification(
            "class_token", [1, 1, input.Channels], ParameterRole.Embedding, 1, input.Channels)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    private int Width => _input.Channels;

    /// <inheritdoc/>
    public override string ToString() => "ClassToken";

    internal override void Forward(LayerPass pass) =>
        Prepend(pass, 1, new VectorView(pass.Parameters[0], 0), new VectorView(pass.Inputs[0], 0), new VectorView(
            pass.Output, 0));

    internal override void Tangent(LayerPass pass) =>
        Prepend(pass, pass.Vectors, pass.ParameterTangents[0], pass.InputTangents[0], pass.OutputTangent);

    internal override void Backward(LayerPass pass)
    {
        if (pass.ParameterCotangents.Length > 0 && pass.ParameterCotangents[0].Exists)
        {
            Rows.AddSum(
                pass, pass.Vectors, pass.Samples, Width, new Rows.Row(pass.OutputCotangent, OutputShape.Size),
                pass.ParameterCotangents[0]);
        }

        if (pass.InputCotangents[0].Exists)
        {
            Rows.Copy(
                pass, pass.Vectors, pass.Samples, _input.Size,
                new Rows.Row(pass.OutputCotangent, OutputShape.Size, Width),
                new Rows.Row(pass.InputCotangents[0], _input.Size), pass.AccumulateInput[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Prepend(LayerPass pass, int vectors, VectorView token, VectorView x, VectorView y)
    {
        Rows.Copy(pass, vectors, pass.Samples, Width, new Rows.Row(token, 0), new Rows.Row(y, OutputShape.Size));
        Rows.Copy(
            pass, vectors, pass.Samples, _input.Size, new Rows.Row(x, _input.Size),
            new Rows.Row(y, OutputShape.Size, Width));
    }
}
