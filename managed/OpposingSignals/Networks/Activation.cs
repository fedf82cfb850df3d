using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>Elementwise activations; the values are those of the native ABI.</summary>
public enum ActivationKind
{
    /// <summary>max(x, 0).</summary>
    Relu = 0,

    /// <summary>tanh x.</summary>
    Tanh = 1,

    /// <summary>x Φ(x), Φ the standard normal distribution function.</summary>
    Gelu = 2,

    /// <summary>x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh = 3,

    /// <summary>x σ(x).</summary>
    Silu = 4,

    /// <summary>x for x &gt; 0, α(eˣ − 1) otherwise; α defaults to 1.</summary>
    Elu = 5,

    /// <summary>log(1 + eˣ).</summary>
    Softplus = 6,

    /// <summary>σ(x) = 1 / (1 + e⁻ˣ).</summary>
    Sigmoid = 7,

    /// <summary>x cut to [−1, 1].</summary>
    Hardtanh = 8,

    /// <summary>x for x &gt; 0, slope · x otherwise; the slope defaults to 0.01.</summary>
    LeakyRelu = 9,
}

/// <summary>A pass that an operation goes on with over what it writes; the values are those of the native ABI.</summary>
internal enum ActivationPass
{
    None = 0,
    Forward = 1,

    /// <summary>Tangent and backward.</summary>
    FirstOrder = 2,
    TangentBackward = 3,
}

/// <summary>y = φ(x), element by element.</summary>
public sealed class Activation : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("activation_forward");
    private static readonly Operation<Arguments> FirstOrderOperation = new("activation_first_order");
    private static readonly Operation<Arguments> TangentBackwardOperation = new("activation_tangent_backward");
    private static readonly Operation<Arguments> SecondOrderOperation = new("activation_second_order");

    /// <summary>Creates the layer.</summary>
    /// <param name="kind">Which φ.</param>
    /// <param name="shape">Shape of input and output.</param>
    /// <param name="parameter">α of ELU, the slope of leaky ReLU; NaN takes PyTorch's default.</param>
    public Activation(ActivationKind kind, FeatureShape shape, double parameter = double.NaN)
    {
        Kind = kind;
        OutputShape = shape;
        Parameter = !double.IsNaN(parameter) ? parameter : kind == ActivationKind.LeakyRelu ? 0.01 : 1;
    }

    /// <summary>Which φ.</summary>
    public ActivationKind Kind { get; }

    /// <summary>α of ELU, the slope of leaky ReLU; the others have none.</summary>
    public double Parameter { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [OutputShape];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    // These derivatives are functions of y alone.
    internal override bool OverwritesInput =>
        Kind is ActivationKind.Relu or ActivationKind.Tanh or ActivationKind.Sigmoid;

    internal override bool NeedsOutput => true;

    internal override bool OverwritesTangent => HasNoSecondDerivative;

    internal override bool NeedsInputTangent => !HasNoSecondDerivative;

    internal override bool OverwritesCotangent => true;

    private bool HasNoSecondDerivative => IsPiecewiseLinear(Kind);

    /// <inheritdoc/>
    public override string ToString() =>
        Kind is ActivationKind.Elu or ActivationKind.LeakyRelu ? $"{Kind}({Parameter})" : Kind.ToString();

    internal override bool NeedsOutputCotangent(bool inputMoves) => inputMoves && !HasNoSecondDerivative;

    /// <summary>Whether φ'' is zero wherever it exists.</summary>
    internal static bool IsPiecewiseLinear(ActivationKind kind) =>
        kind is ActivationKind.Relu or ActivationKind.LeakyRelu or ActivationKind.Hardtanh;

    /// <summary>Runs the pass that the arguments name.</summary>
    internal static void Run(Device device, in Arguments arguments) => device.Run(
        arguments.Pass switch
        {
            ActivationPass.Forward => ForwardOperation,
            ActivationPass.FirstOrder => FirstOrderOperation,
            ActivationPass.TangentBackward => TangentBackwardOperation,
            _ => throw new ArgumentOutOfRangeException(nameof(arguments), arguments.Pass, "Not a pass."),
        },
        arguments);

    internal override void Forward(LayerPass pass) => Run(pass.Device, ForwardArguments(pass));

    internal override void Tangent(LayerPass pass) => Run(pass.Device, TangentArguments(pass));

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(pass.Device, BackwardArguments(pass));
        }
    }

    internal override void TangentBackward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(pass.Device, TangentBackwardArguments(pass));
        }
    }

    internal Arguments ForwardArguments(LayerPass pass)
    {
        Arguments arguments = Describe(pass, 1);
        arguments.Pass = ActivationPass.Forward;
        arguments.Output = pass.Output;
        return arguments;
    }

    internal Arguments TangentArguments(LayerPass pass)
    {
        Arguments arguments = Describe(pass, pass.Vectors);
        arguments.Pass = ActivationPass.FirstOrder;
        arguments.First = pass.InputTangents[0].Address;
        arguments.Output = pass.OutputTangent.Address;
        return arguments;
    }

    internal Arguments BackwardArguments(LayerPass pass)
    {
        Arguments arguments = Describe(pass, pass.Vectors);
        arguments.Pass = ActivationPass.FirstOrder;
        arguments.Accumulate = pass.AccumulateInput[0] ? 1 : 0;
        arguments.First = pass.OutputCotangent.Address;
        arguments.Output = pass.InputCotangents[0].Address;
        return arguments;
    }

    // Where φ'' is zero everywhere, or x has no tangent, it is the backward pass.
    internal Arguments TangentBackwardArguments(LayerPass pass)
    {
        Arguments arguments = BackwardArguments(pass);
        if (!HasNoSecondDerivative && pass.InputTangents[0].Exists)
        {
            arguments.Pass = ActivationPass.TangentBackward;
            arguments.Second = pass.InputTangents[0].Address;
            arguments.Cotangent = pass.PrimalOutputCotangent;
        }

        return arguments;
    }

    internal override double SecondOrder(LayerPass pass)
    {
        if (HasNoSecondDerivative || !pass.InputTangents[0].Exists)
        {
            return 0;
        }

        Arguments arguments = Describe(pass, pass.Vectors);
        arguments.First = pass.InputTangents[0].Address;
        arguments.Output = pass.OutputTangent.Address;
        pass.Device.Run(SecondOrderOperation, arguments);
        return 1;
    }

    private Arguments Describe(LayerPass pass, int vectors) => new()
    {
        Precision = pass.Precision,
        Kind = Kind,
        Parameter = Parameter,
        Vectors = vectors,
        Count = (long)pass.Samples * OutputShape.Size,
        X = pass.Inputs[0],
        Y = pass.Output,
    };

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public ActivationKind Kind;
        public double Parameter;
        public int Accumulate;
        public ActivationPass Pass;
        public long Vectors;
        public long Count;
        public nint X;
        public nint Y;
        public nint First;
        public nint Second;
        public nint Cotangent;
        public nint Output;
    }
}
