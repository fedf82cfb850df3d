namespace OpposingSignals.Networks;

/// <summary>
/// y = x[0]: the first token of a sequence as a vector, which is how a network with a class token ends. Linear.
/// </summary>
public sealed class FirstToken(FeatureShape input) : Layer
{
    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape => FeatureShape.Vector(input.Channels);

    /// <inheritdoc/>
    public override string ToString() => "FirstToken";

    internal override void Forward(LayerPass pass) =>
        Take(pass, 1, new VectorView(pass.Inputs[0], 0), new VectorView(pass.Output, 0));

    internal override void Tangent(LayerPass pass) =>
        Take(pass, pass.Vectors, pass.InputTangents[0], pass.OutputTangent);

    internal override void Backward(LayerPass pass)
    {
        if (!pass.InputCotangents[0].Exists)
        {
            return;
        }

        var to = new Rows.Row(pass.InputCotangents[0], input.Size);
        if (!pass.AccumulateInput[0])
        {
            Rows.Copy(pass, pass.Vectors, pass.Samples, input.Size, default, to);
        }

        Rows.Copy(
            pass, pass.Vectors, pass.Samples, input.Channels, new Rows.Row(pass.OutputCotangent, input.Channels), to,
            pass.AccumulateInput[0]);
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Take(LayerPass pass, int vectors, VectorView x, VectorView y) =>
        Rows.Copy(
            pass, vectors, pass.Samples, input.Channels, new Rows.Row(x, input.Size), new Rows.Row(y, input.Channels));
}
