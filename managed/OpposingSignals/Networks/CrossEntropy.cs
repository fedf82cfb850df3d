using System.Globalization;
using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Tensors;

namespace OpposingSignals.Networks;

/// <summary>
/// ℓ = log Σ_c exp(z_c) − z_target, with the class as an integer; ∇ℓ = p − e_target, ∇²ℓ u = p ∘ (u − ⟨p, u⟩). Of a
/// network whose outputs have several positions, each with its own target, a sample's loss is the mean over positions.
/// </summary>
/// <remarks>
/// Label smoothing α (Szegedy et al. 2016, arXiv 1512.00567) replaces the one-hot target by (1 − α) e_target + α/C,
/// PyTorch's <c>label_smoothing</c>: it adds α (z_target − mean of z) to the loss, and nothing to the Hessian.
/// </remarks>
public sealed class CrossEntropy : Loss
{
    private static readonly Operation<SmoothingArguments> SmoothedForward = new("label_smoothing_forward");
    private static readonly Operation<SmoothingArguments> SmoothedGradient = new("label_smoothing_gradient");

    /// <summary>Creates the loss.</summary>
    /// <param name="smoothing">α, at least 0 and below 1.</param>
    /// <exception cref="InputException">α is not such a number.</exception>
    public CrossEntropy(double smoothing = 0)
        : base(
            smoothing == 0 ? "ce" : string.Create(CultureInfo.InvariantCulture, $"ce:{smoothing:R}"), "cross_entropy")
    {
        if (smoothing is not (>= 0 and < 1))
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture, $"Label smoothing is at least 0 and below 1, got {smoothing:R}."));
        }

        Smoothing = smoothing;
    }

    /// <summary>α: how much of a target is spread evenly over all classes.</summary>
    public double Smoothing { get; }

    /// <inheritdoc/>
    public override string Convention => Smoothing == 0
        ? "cross-entropy, mean over samples"
        : string.Create(
            CultureInfo.InvariantCulture, $"cross-entropy with label smoothing {Smoothing:R}, mean over samples");

    internal static double ParseSmoothing(string name) =>
        double.TryParse(name["ce:".Length..], NumberStyles.Float, CultureInfo.InvariantCulture, out double smoothing)
            ? smoothing
            : throw new InputException(
                $"In the loss '{name}', '{name["ce:".Length..]}' is not a number between 0 and 1.");

    internal override int Positions(FeatureShape outputs) => outputs.Positions;

    internal override int TargetBytes(FeatureShape outputs, Precision precision) => outputs.Positions * sizeof(long);

    internal override byte[] PrepareTargets(HostTensor targets, FeatureShape outputs, Precision precision)
    {
        if (targets.Type != ElementType.Int64)
        {
            throw new InputException(
                "Cross-entropy needs one integer class per sample; these targets are numbers. Use the loss mse.");
        }

        if (targets.Count != (long)targets.Shape[0] * outputs.Positions)
        {
            throw new InputException(
                $"Targets of shape [{string.Join(", ", targets.Shape)}] do not fit outputs of {outputs}, which take " +
                $"{outputs.Positions} a sample.");
        }

        foreach (long target in targets.AsSpan<long>())
        {
            if (target < 0 || target >= outputs.Channels)
            {
                throw new InputException(
                    $"A target is class {target}, but the network has {outputs.Channels} outputs.");
            }
        }

        return targets.Bytes.ToArray();
    }

    internal override void Gradient(in LossOperands o, double weight, nint output)
    {
        base.Gradient(o, weight, output);
        if (Smoothing > 0)
        {
            o.Device.Run(SmoothedGradient, Describe(o) with { Weight = weight / o.Outputs.Positions, Out = output });
        }
    }

    internal override unsafe void Forward(in LossOperands o, nint losses, nint correct)
    {
        base.Forward(o, losses, correct);
        if (Smoothing > 0)
        {
            o.Device.Run(SmoothedForward, Describe(o) with { Losses = (double*)losses });
        }
    }

    private SmoothingArguments Describe(in LossOperands o) => new()
    {
        Precision = o.Precision,
        Samples = (long)o.Samples * o.Outputs.Positions,
        Classes = o.Outputs.Channels,
        Smoothing = Smoothing,
        Outputs = o.Values,
        Targets = o.Targets,
    };

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct SmoothingArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Samples;
        public long Classes;
        public double Smoothing;
        public double Weight;
        public nint Outputs;
        public nint Targets;
        public double* Losses;
        public nint Out;
    }
}
