using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// The shortcut without parameters of a residual block that shrinks the image and widens the channels: every stride-th
/// pixel, with channels of zeros before and after its own (option A of He et al. 2016, arXiv 1512.03385). Linear.
/// </summary>
public sealed class PaddedShortcut : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("padded_shortcut_forward");
    private static readonly Operation<Arguments> BackwardOperation = new("padded_shortcut_backward");

    private readonly FeatureShape _input;

    /// <summary>Creates the layer.</summary>
    /// <param name="input">Shape of the input image.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="stride">Step between the pixels that are kept.</param>
    /// <exception cref="InputException">
    /// The output has fewer channels than the input, or the stride is not positive.
    /// </exception>
    public PaddedShortcut(FeatureShape input, int outChannels, int stride)
    {
        RequirePositive(stride, "A shortcut's stride");
        if (outChannels < input.Channels)
        {
            throw new InputException(
                $"A shortcut cannot narrow {input.Channels} channels to {outChannels}; use a projection.");
        }

        (_input, Stride) = (input, stride);
        OutputShape = new FeatureShape(
            (input.Height + stride - 1) / stride, (input.Width + stride - 1) / stride, outChannels);
    }

    /// <summary>Step between the pixels that are kept.</summary>
    public int Stride { get; }

    /// <summary>Channels of zeros before the input's own: half of those added, rounded down.</summary>
    public int Before => (OutputShape.Channels - _input.Channels) / 2;

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override string ToString() => $"PaddedShortcut({_input.Channels}, {OutputShape.Channels}, stride {Stride})";

    internal override void Forward(LayerPass pass) => Run(ForwardOperation, pass, 1, pass.Inputs[0], pass.Output);

    internal override void Tangent(LayerPass pass) =>
        Run(ForwardOperation, pass, pass.Vectors, pass.InputTangents[0].Address, pass.OutputTangent.Address);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(
                BackwardOperation,
                pass,
                pass.Vectors,
                pass.OutputCotangent.Address,
                pass.InputCotangents[0].Address,
                pass.AccumulateInput[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Run(
        Operation<Arguments> operation, LayerPass pass, int vectors, nint from, nint to, bool accumulate = false) =>
        pass.Device.Run(operation, new Arguments
        {
            Precision = pass.Precision,
            Accumulate = accumulate ? 1 : 0,
            Count = (long)vectors * pass.Samples,
            Height = _input.Height,
            Width = _input.Width,
            Channels = _input.Channels,
            OutHeight = OutputShape.Height,
            OutWidth = OutputShape.Width,
            OutChannels = OutputShape.Channels,
            Stride = Stride,
            Before = Before,
            In = from,
            Out = to,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Count;
        public int Height;
        public int Width;
        public int Channels;
        public int OutHeight;
        public int OutWidth;
        public int OutChannels;
        public int Stride;
        public int Before;
        public nint In;
        public nint Out;
    }
}
