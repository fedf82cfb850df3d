using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// A sliding window over each channel of an image that takes the largest element, or the mean (padding counted, as
/// PyTorch's default has it). Linear once the winners are known.
/// </summary>
public sealed class Pooling : Layer
{
    private static readonly Operation<Arguments> MaxForward = new("max_pool_forward");
    private static readonly Operation<Arguments> MaxTangent = new("max_pool_tangent");
    private static readonly Operation<Arguments> MaxBackward = new("max_pool_backward");
    private static readonly Operation<Arguments> AverageForward = new("average_pool_forward");
    private static readonly Operation<Arguments> AverageBackward = new("average_pool_backward");

    private readonly FeatureShape _input;

    private Pooling(FeatureShape input, bool max, (int Height, int Width) kernel, int stride, int padding)
    {
        string owner = max ? "A max pool" : "An average pool";
        if (padding > kernel.Height / 2 || padding > kernel.Width / 2)
        {
            throw new InputException($"{owner} takes a padding of at most half its kernel, got {padding}.");
        }

        if (max && kernel.Height * kernel.Width > 256)
        {
            throw new InputException(
                $"{owner} takes a window of at most 256 elements, got {kernel.Height}x{kernel.Width}.");
        }

        (_input, IsMax, Kernel, Stride, Padding) = (input, max, kernel, stride, padding);
        OutputShape = new FeatureShape(
            Window.OutputExtent(input.Height, kernel.Height, stride, padding, owner),
            Window.OutputExtent(input.Width, kernel.Width, stride, padding, owner),
            input.Channels);
    }

    /// <summary>Whether a window gives its largest element; otherwise it gives the mean.</summary>
    public bool IsMax { get; }

    /// <summary>Extents of the window.</summary>
    public (int Height, int Width) Kernel { get; }

    /// <summary>Step between windows.</summary>
    public int Stride { get; }

    /// <summary>Elements added on every side: of minus infinity for a maximum, of zero for a mean.</summary>
    public int Padding { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <summary>The largest element of each window; the stride defaults to the kernel.</summary>
    public static Pooling Max(FeatureShape input, int kernel, int stride = 0, int padding = 0) =>
        new(input, max: true, (kernel, kernel), stride > 0 ? stride : kernel, padding);

    /// <summary>The mean of each window; the stride defaults to the kernel.</summary>
    public static Pooling Average(FeatureShape input, int kernel, int stride = 0, int padding = 0) =>
        new(input, max: false, (kernel, kernel), stride > 0 ? stride : kernel, padding);

    /// <summary>The mean of each channel over the whole image.</summary>
    public static Pooling GlobalAverage(FeatureShape input) =>
        new(input, max: false, (input.Height, input.Width), 1, 0);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(IsMax ? "MaxPool" : "AveragePool")}({Kernel.Height}x{Kernel.Width}, stride {Stride}, padding {Padding})";

    // One byte per output keeps the winner of its window.
    internal override long CacheBytes(int samples) => IsMax ? (long)samples * OutputShape.Size : 0;

    internal override void Forward(LayerPass pass) =>
        Run(IsMax ? MaxForward : AverageForward, pass, 1, pass.Inputs[0], pass.Output);

    internal override void Tangent(LayerPass pass) =>
        Run(IsMax ? MaxTangent : AverageForward, pass, pass.Vectors,
            pass.InputTangents[0].Address, pass.OutputTangent.Address);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(
                IsMax ? MaxBackward : AverageBackward,
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
            Samples = pass.Samples,
            Height = _input.Height,
            Width = _input.Width,
            Channels = _input.Channels,
            OutHeight = OutputShape.Height,
            OutWidth = OutputShape.Width,
            KernelHeight = Kernel.Height,
            KernelWidth = Kernel.Width,
            Stride = Stride,
            Padding = Padding,
            In = from,
            Winner = pass.Cache,
            Out = to,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Count;
        public long Samples;
        public int Height;
        public int Width;
        public int Channels;
        public int OutHeight;
        public int OutWidth;
        public int KernelHeight;
        public int KernelWidth;
        public int Stride;
        public int Padding;
        public int Reserved;
        public nint In;
        public nint Winner;
        public nint Out;
    }
}
