using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Tensors;

namespace OpposingSignals.Networks;

/// <summary>
/// A loss ℓ(z, target): one number per sample, with gradient and Hessian product in closed form. No C x C matrix is formed.
/// </summary>
public abstract class Loss
{
    private readonly Operation<Arguments> _forward;
    private readonly Operation<Arguments> _gradient;
    private readonly Operation<Arguments> _hessianProduct;
    private readonly Operation<Arguments> _curvature;

    private protected Loss(string name, string operations)
    {
        Name = name;
        _forward = new(operations + "_forward");
        _gradient = new(operations + "_gradient");
        _hessianProduct = new(operations + "_hessian_product");
        _curvature = new(operations + "_curvature");
    }

    /// <summary>Name on the command line and in records.</summary>
    public string Name { get; }

    /// <summary>The loss and its reduction in words, printed with every curvature.</summary>
    public abstract string Convention { get; }

    /// <summary>The loss called <paramref name="name"/>: <c>ce</c> or <c>mse</c>.</summary>
    /// <exception cref="InputException">There is no such loss.</exception>
    public static Loss Named(string name) => name switch
    {
        "ce" => new CrossEntropy(),
        "mse" => new SquaredError(),
        _ => throw new InputException($"There is no loss '{name}'. Known: ce (cross-entropy), mse (½ squared error)."),
    };

    /// <summary>Bytes of one sample's target on the device.</summary>
    internal abstract int TargetBytes(int outputs, Precision precision);

    /// <summary>Targets as the device wants them, after checking that they fit the network's outputs.</summary>
    /// <exception cref="InputException">They do not fit.</exception>
    internal abstract byte[] PrepareTargets(HostTensor targets, int outputs, Precision precision);

    /// <summary>ℓ of every sample, and whether its largest output is the target's.</summary>
    internal unsafe void Forward(in LossOperands o, Span<double> losses, Span<byte> correct)
    {
        fixed (double* l = losses)
        {
            fixed (byte* c = correct)
            {
                o.Device.Run(_forward, new Arguments(o) { Losses = l, Correct = c });
            }
        }
    }

    /// <summary>out = weight · ∇ℓ.</summary>
    internal void Gradient(in LossOperands o, double weight, nint output) =>
        o.Device.Run(_gradient, new Arguments(o) { Weight = weight, Out = output });

    /// <summary>out_j = weight · ∇²ℓ u_j.</summary>
    internal void HessianProduct(in LossOperands o, double weight, int vectors, nint tangents, nint output) =>
        o.Device.Run(
            _hessianProduct, new Arguments(o) { Weight = weight, Vectors = vectors, Tangents = tangents, Out = output });

    /// <summary>curvatures[j, n] += u_jᵀ ∇²ℓ_n u_j.</summary>
    internal unsafe void AddCurvature(in LossOperands o, int vectors, nint tangents, Span<double> curvatures, long stride)
    {
        fixed (double* c = curvatures)
        {
            o.Device.Run(
                _curvature,
                new Arguments(o) { Vectors = vectors, Tangents = tangents, Curvatures = c, CurvatureVectorStride = stride });
        }
    }

    /// <summary>Outputs and targets of a micro-batch.</summary>
    internal readonly record struct LossOperands(
        Device Device, Precision Precision, int Samples, int Outputs, nint Values, nint Targets);

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Arguments(in LossOperands o)
    {
        public Precision Precision = o.Precision;
        public int Vectors = 1;
        public long Samples = o.Samples;
        public long Classes = o.Outputs;
        public double Weight = 1;
        public nint Outputs = o.Values;
        public nint Targets = o.Targets;
        public nint Tangents;
        public nint Out;
        public double* Losses;
        public byte* Correct;
        public double* Curvatures;
        public long CurvatureVectorStride;
    }
}

/// <summary>ℓ = log Σ_c exp(z_c) − z_target, with the class as an integer; ∇ℓ = p − e_target, ∇²ℓ u = p ∘ (u − ⟨p, u⟩).</summary>
public sealed class CrossEntropy() : Loss("ce", "cross_entropy")
{
    /// <inheritdoc/>
    public override string Convention => "cross-entropy, mean over samples";

    internal override int TargetBytes(int outputs, Precision precision) => sizeof(long);

    internal override byte[] PrepareTargets(HostTensor targets, int outputs, Precision precision)
    {
        if (targets.Type != ElementType.Int64 || targets.Shape.Length != 1)
        {
            throw new InputException(
                "Cross-entropy needs one integer class per sample; these targets are numbers. Use the loss mse.");
        }

        foreach (long target in targets.AsSpan<long>())
        {
            if (target < 0 || target >= outputs)
            {
                throw new InputException($"A target is class {target}, but the network has {outputs} outputs.");
            }
        }

        return targets.Bytes.ToArray();
    }
}

/// <summary>ℓ = ½ Σ_c (z_c − t_c)²; integer targets stand for one-hot vectors. ∇ℓ = z − t, ∇²ℓ u = u.</summary>
/// <remarks>The convention of Cohen et al. 2021 (arXiv 2103.00065): without the ½, curvatures would be twice these.</remarks>
public sealed class SquaredError() : Loss("mse", "squared_error")
{
    /// <inheritdoc/>
    public override string Convention => "half the squared error summed over outputs, mean over samples";

    internal override int TargetBytes(int outputs, Precision precision) => outputs * precision.Size();

    internal override byte[] PrepareTargets(HostTensor targets, int outputs, Precision precision)
    {
        double[] values;
        if (targets.Type == ElementType.Int64 && targets.Shape.Length == 1)
        {
            values = new double[checked(targets.Count * outputs)];
            int sample = 0;
            foreach (long target in targets.AsSpan<long>())
            {
                if (target < 0 || target >= outputs)
                {
                    throw new InputException($"A target is class {target}, but the network has {outputs} outputs.");
                }

                values[(sample++ * outputs) + target] = 1;
            }
        }
        else
        {
            values = targets.ToDoubles();
            int samples = targets.Shape.Length > 0 ? targets.Shape[0] : 0;
            if (samples == 0 || values.Length != checked(samples * outputs))
            {
                throw new InputException(
                    $"Targets of shape [{string.Join(", ", targets.Shape)}] do not fit a network with {outputs} outputs.");
            }
        }

        if (precision == Precision.Float64)
        {
            return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        }

        float[] rounded = Array.ConvertAll(values, value => (float)value);
        return MemoryMarshal.AsBytes(rounded.AsSpan()).ToArray();
    }
}
