using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// Two-dimensional cross-correlation, y[n, oh, ow, o] = Σ x[n, oh·s − p + kh, ow·s − p + kw, c] W[o, c, kh, kw] + b[o],
/// on channels-last images with W in PyTorch's layout [out, in/groups, kh, kw]. The channels of input and output fall
/// into equally many groups of neighbours, and c runs over the group that o belongs to; as many groups as channels make
/// it depth-wise.
/// </summary>
public sealed class Convolution : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("convolution_forward");
    private static readonly Operation<Arguments> BackwardDataOperation = new("convolution_backward_data");
    private static readonly Operation<Arguments> BackwardWeightsOperation = new("convolution_backward_weights");
    private static readonly Operation<ScratchArguments> ScratchOperation = new("convolution_scratch");

    private readonly FeatureShape _input;
    private readonly bool _bias;

    /// <summary>Creates the layer.</summary>
    /// <param name="input">Shape of the input image.</param>
    /// <param name="outChannels">Output channels.</param>
    /// <param name="kernel">Height and width of the kernel.</param>
    /// <param name="stride">Step between windows.</param>
    /// <param name="padding">Zeros added on every side.</param>
    /// <param name="bias">Whether a bias is added.</param>
    /// <param name="groups">Groups of channels.</param>
    /// <exception cref="InputException">The kernel does not fit the padded image, an extent is not positive, or the
    /// groups do not divide the channels.</exception>
    public Convolution(
        FeatureShape input, int outChannels, int kernel, int stride = 1, int padding = 0, bool bias = true,
        int groups = 1)
        : this(input, outChannels, (kernel, kernel), stride, padding, bias, groups)
    {
    }

    /// <summary>Creates the layer with a kernel that need not be square.</summary>
    public Convolution(
        FeatureShape input, int outChannels, (int Height, int Width) kernel, int stride, int padding, bool bias,
        int groups = 1)
    {
        RequirePositive(outChannels, "A convolution's output channels");
        RequirePositive(groups, "A convolution's groups");
        if (input.Channels % groups != 0 || outChannels % groups != 0)
        {
            throw new InputException(
                $"A convolution with {groups} groups needs channels that they divide, got {input.Channels} in and {outChannels} out.");
        }

        (_input, Kernel, Stride, Padding, Groups, _bias) = (input, kernel, stride, padding, groups, bias);
        OutputShape = new FeatureShape(
            Window.OutputExtent(input.Height, kernel.Height, stride, padding, "A convolution"),
            Window.OutputExtent(input.Width, kernel.Width, stride, padding, "A convolution"),
            outChannels);
        int window = kernel.Height * kernel.Width;
        int fanIn = input.Channels / groups * window;
        int fanOut = outChannels * window;
        var weight = new ParameterSpecification(
            "weight", [outChannels, input.Channels / groups, kernel.Height, kernel.Width], ParameterRole.Weight, fanIn,
            fanOut);
        Parameters = bias
            ? [weight, new ParameterSpecification("bias", [outChannels], ParameterRole.Bias, fanIn, fanOut)]
            : [weight];
    }

    /// <summary>Extents of the kernel.</summary>
    public (int Height, int Width) Kernel { get; }

    /// <summary>Step between windows.</summary>
    public int Stride { get; }

    /// <summary>Zeros added on every side.</summary>
    public int Padding { get; }

    /// <summary>Groups of channels.</summary>
    public int Groups { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_input];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    internal override bool NeedsInputTangent => true;

    internal override bool TakesActivationAfter => true;

    internal override bool TakesActivationBefore => true;

    /// <inheritdoc/>
    public override string ToString() =>
        $"Conv({_input.Channels}, {OutputShape.Channels}, kernel {Kernel.Height}x{Kernel.Width}, stride {Stride}, " +
        $"padding {Padding}{(Groups > 1 ? $", {Groups} groups" : "")}{(_bias ? "" : ", no bias")})";

    internal override unsafe long ScratchBytes(Device device, Precision precision, int samples, int vectors)
    {
        long bytes = 0;
        Arguments convolution = ShapeArguments(precision, samples, 1);
        convolution.Terms = 1;
        device.Run(ScratchOperation, new ScratchArguments { Convolution = convolution, Bytes = &bytes });
        return Math.Max(bytes, base.ScratchBytes(device, precision, samples, vectors));
    }

    internal override bool NeedsOutputCotangent(bool inputMoves) => inputMoves;

    internal override void Forward(LayerPass pass)
    {
        VectorView bias = _bias ? new VectorView(pass.Parameters[1], 0) : VectorView.None;
        Run(
            ForwardOperation,
            pass,
            1,
            [(new VectorView(pass.Inputs[0], 0), new VectorView(pass.Parameters[0], 0))],
            new VectorView(pass.Output, 0),
            bias,
            follows: true);
    }

    internal override void Tangent(LayerPass pass) =>
        Run(
            ForwardOperation,
            pass,
            pass.Vectors,
            [
                (pass.InputTangents[0], new VectorView(pass.Parameters[0], 0)),
                (new VectorView(pass.Inputs[0], 0), pass.ParameterTangents[0]),
            ],
            pass.OutputTangent,
            _bias ? pass.ParameterTangents[1] : VectorView.None,
            follows: true);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(
                BackwardDataOperation,
                pass,
                pass.Vectors,
                [(pass.OutputCotangent, new VectorView(pass.Parameters[0], 0))],
                pass.InputCotangents[0],
                accumulate: pass.AccumulateInput[0],
                follows: true);
        }

        if (pass.ParameterCotangents.Length > 0)
        {
            AddWeightCotangent(pass, [(new VectorView(pass.Inputs[0], 0), pass.OutputCotangent)]);
        }
    }

    internal override void TangentBackward(LayerPass pass)
    {
        var primalCotangent = new VectorView(pass.PrimalOutputCotangent, 0);
        if (pass.InputCotangents[0].Exists)
        {
            Run(
                BackwardDataOperation,
                pass,
                pass.Vectors,
                [
                    (pass.OutputCotangent, new VectorView(pass.Parameters[0], 0)),
                    (primalCotangent, pass.ParameterTangents[0]),
                ],
                pass.InputCotangents[0],
                accumulate: pass.AccumulateInput[0],
                follows: true);
        }

        AddWeightCotangent(
            pass,
            [
                (new VectorView(pass.Inputs[0], 0), pass.OutputCotangent),
                (pass.InputTangents[0], primalCotangent),
            ]);
    }

    internal override double SecondOrder(LayerPass pass)
    {
        if (!pass.InputTangents[0].Exists || !pass.ParameterTangents[0].Exists)
        {
            return 0;
        }

        // D²f[(ẋ, Ẇ)²] = 2 ẋ * Ẇ
        Run(
            ForwardOperation, pass, pass.Vectors, [(pass.InputTangents[0], pass.ParameterTangents[0])],
            pass.OutputTangent);
        return 2;
    }

    // The bias's cotangent goes with the first term's.
    private void AddWeightCotangent(LayerPass pass, ReadOnlySpan<(VectorView Image, VectorView Cotangent)> terms)
    {
        VectorView bias = _bias ? pass.ParameterCotangents[1] : VectorView.None;
        if (pass.ParameterCotangents[0].Exists)
        {
            Run(BackwardWeightsOperation, pass, pass.Vectors, terms, pass.ParameterCotangents[0], bias);
        }
        else if (bias.Exists)
        {
            Products.AddColumnSums(
                pass, pass.Vectors, (long)pass.Samples * OutputShape.Positions, OutputShape.Channels,
                terms[0].Cotangent, bias);
        }
    }

    private void Run(
        Operation<Arguments> operation, LayerPass pass, int vectors,
        ReadOnlySpan<(VectorView Image, VectorView Filter)> terms, VectorView output, VectorView bias = default,
        bool accumulate = false, bool follows = false)
    {
        Arguments arguments = ShapeArguments(pass.Precision, pass.Samples, vectors);
        arguments.Accumulate = accumulate ? 1 : 0;
        arguments.Output = output;
        arguments.Bias = bias;
        foreach ((VectorView image, VectorView filter) in terms)
        {
            if (image.Exists && filter.Exists)
            {
                arguments.Image[arguments.Terms] = image;
                arguments.Filter[arguments.Terms] = filter;
                arguments.Terms++;
            }
        }

        if (arguments.Terms > 0)
        {
            arguments.Then = follows ? pass.TakeFollowing() : default;
            pass.Device.Run(operation, arguments);
        }
        else
        {
            // Nothing moves but the bias.
            Rows.Copy(
                pass, vectors, (long)pass.Samples * OutputShape.Positions, OutputShape.Channels, new Rows.Row(bias, 0),
                new Rows.Row(output, OutputShape.Channels));
        }
    }

    private Arguments ShapeArguments(Precision precision, int samples, int vectors) =>
        new()
        {
            Precision = precision,
            Vectors = vectors,
            Samples = samples,
            Height = _input.Height,
            Width = _input.Width,
            Channels = _input.Channels,
            OutHeight = OutputShape.Height,
            OutWidth = OutputShape.Width,
            OutChannels = OutputShape.Channels,
            KernelHeight = Kernel.Height,
            KernelWidth = Kernel.Width,
            Stride = Stride,
            Padding = Padding,
            Groups = Groups,
        };

    [InlineArray(2)]
    internal struct TwoViews
    {
        private VectorView _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Terms;
        public int Accumulate;
        public int Vectors;
        public long Samples;
        public int Height;
        public int Width;
        public int Channels;
        public int OutHeight;
        public int OutWidth;
        public int OutChannels;
        public int KernelHeight;
        public int KernelWidth;
        public int Stride;
        public int Padding;
        public int Groups;
        public int Reserved;
        public TwoViews Image;
        public TwoViews Filter;
        public VectorView Output;
        public VectorView Bias;
        public Activation.Arguments Then;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct ScratchArguments
    {
        public Arguments Convolution;
        public long* Bytes;
    }
}
