namespace OpposingSignals.Networks;

/// <summary>An image H x W x C as a vector in PyTorch's order C, H, W.</summary>
public sealed class Flatten(FeatureShape input) : Layer
{
    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape => FeatureShape.Vector(input.Size);

    /// <inheritdoc/>
    public override string ToString() => "Flatten";

    internal override void Forward(LayerPass pass) => ToChannelsFirst(pass, 1, pass.Inputs[0], pass.Output);

    internal override void Tangent(LayerPass pass) =>
        ToChannelsFirst(pass, pass.Vectors, pass.InputTangents[0].Address, pass.OutputTangent.Address);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Rearrangement.Transpose(
                pass.Device,
                pass.Precision,
                (long)pass.Vectors * pass.Samples,
                input.Channels,
                input.Height * input.Width,
                pass.OutputCotangent.Address,
                pass.InputCotangents[0].Address,
                pass.AccumulateInput[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void ToChannelsFirst(LayerPass pass, int vectors, nint from, nint to) =>
        Rearrangement.Transpose(
            pass.Device, pass.Precision, (long)vectors * pass.Samples, input.Height * input.Width, input.Channels, from,
            to);
}
