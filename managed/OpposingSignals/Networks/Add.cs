namespace OpposingSignals.Networks;

/// <summary>y = a + b: where a residual branch joins its shortcut.</summary>
public sealed class Add(FeatureShape shape) : Layer
{
    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [shape, shape];

    /// <inheritdoc/>
    public override FeatureShape OutputShape => shape;

    internal override bool TakesActivationAfter => true;

    /// <inheritdoc/>
    public override string ToString() => "Add";

    internal override void Forward(LayerPass pass) => Sum(pass, 1, pass.Inputs[0], pass.Inputs[1], pass.Output);

    internal override void Tangent(LayerPass pass)
    {
        // A branch whose tangent is zero is not stored; at least one is, or the sum would have no tangent itself.
        (VectorView a, VectorView b) = (pass.InputTangents[0], pass.InputTangents[1]);
        Sum(pass, pass.Vectors, a.Exists ? a.Address : b.Address, a.Exists ? b.Address : 0, pass.OutputTangent.Address);
    }

    internal override void Backward(LayerPass pass)
    {
        for (int i = 0; i < 2; i++)
        {
            if (pass.InputCotangents[i].Exists)
            {
                Rearrangement.Add(
                    pass.Device,
                    pass.Precision,
                    (long)pass.Vectors * pass.Samples * shape.Size,
                    pass.OutputCotangent.Address,
                    0,
                    pass.InputCotangents[i].Address,
                    pass.AccumulateInput[i]);
            }
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Sum(LayerPass pass, int vectors, nint a, nint b, nint to) =>
        Rearrangement.Add(
            pass.Device, pass.Precision, (long)vectors * pass.Samples * shape.Size, a, b, to, accumulate: false,
            pass.TakeFollowing());
}
