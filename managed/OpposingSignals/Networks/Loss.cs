using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Tensors;

namespace OpposingSignals.Networks;

/// <summary>
/// A loss ℓ(z, target): one number per sample, with gradient and Hessian product in closed form. No C x C matrix is
/// formed.
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

    /// <summary>The loss called <paramref name="name"/>: <c>ce</c>, <c>ce:SMOOTHING</c> or <c>mse</c>.</summary>
    /// <exception cref="InputException">There is no such loss.</exception>
    public static Loss Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            "ce" => new CrossEntropy(),
            "mse" => new SquaredError(),
            _ when name.StartsWith("ce:", StringComparison.Ordinal) => new CrossEntropy(
                CrossEntropy.ParseSmoothing(name)),
            _ => throw new InputException(
                $"There is no loss '{name}'. Known: ce (cross-entropy), ce:SMOOTHING (with smoothed labels), mse (½ squared error)."),
        };
    }

    /// <summary>
    /// Positions of a sample that each have a target and a loss of their own; a sample's loss is their mean. All others
    /// are one.
    /// </summary>
    internal virtual int Positions(FeatureShape outputs) => 1;

    /// <summary>Bytes of one sample's target on the device.</summary>
    internal abstract int TargetBytes(FeatureShape outputs, Precision precision);

    /// <summary>Targets as the device wants them, after checking that they fit the network's outputs.</summary>
    /// <exception cref="InputException">They do not fit.</exception>
    internal abstract byte[] PrepareTargets(HostTensor targets, FeatureShape outputs, Precision precision);

    /// <summary>
    /// ℓ of every position, and whether its largest output is the target's, into the device's memory.
    /// </summary>
    internal virtual unsafe void Forward(in LossOperands o, nint losses, nint correct) =>
        o.Device.Run(_forward, Describe(o) with { Losses = (double*)losses, Correct = (byte*)correct });

    /// <summary>Losses of samples from those of their positions, on the host.</summary>
    internal static void OfSamples(ReadOnlySpan<double> ofPositions, int positions, Span<double> losses) =>
        AddMeans(ofPositions, positions, losses, add: false);

    /// <summary>out = weight · ∇ℓ.</summary>
    internal virtual void Gradient(in LossOperands o, double weight, nint output) =>
        o.Device.Run(_gradient, Describe(o) with { Weight = weight / Positions(o.Outputs), Out = output });

    /// <summary>out_j = weight · ∇²ℓ u_j.</summary>
    internal void HessianProduct(in LossOperands o, double weight, int vectors, nint tangents, nint output) =>
        o.Device.Run(_hessianProduct, Describe(o) with
        {
            Weight = weight / Positions(o.Outputs),
            Vectors = vectors,
            Tangents = tangents,
            Out = output,
        });

    /// <summary>curvatures[j, n] += u_jᵀ ∇²ℓ_n u_j.</summary>
    internal unsafe void AddCurvature(
        in LossOperands o, int vectors, nint tangents, Span<double> curvatures, int stride)
    {
        int positions = Positions(o.Outputs);
        int rows = o.Samples * positions;
        double[]? ofPositions = positions == 1 ? null : new double[vectors * rows];
        fixed (double* c = ofPositions ?? curvatures)
        {
            o.Device.Run(_curvature, Describe(o) with
            {
                Vectors = vectors,
                Tangents = tangents,
                Curvatures = c,
                CurvatureVectorStride = positions == 1 ? stride : rows,
            });
        }

        for (int j = 0; j < vectors && ofPositions is not null; j++)
        {
            AddMeans(ofPositions.AsSpan(j * rows, rows), positions, curvatures.Slice(j * stride, o.Samples), add: true);
        }
    }

    // to[n] = [to[n] +] the mean over the positions of sample n.
    private static void AddMeans(ReadOnlySpan<double> ofPositions, int positions, Span<double> to, bool add)
    {
        for (int n = 0; n < ofPositions.Length / positions; n++)
        {
            double mean =
                System.Numerics.Tensors.TensorPrimitives.Sum(ofPositions.Slice(n * positions, positions)) / positions;
            to[n] = add ? to[n] + mean : mean;
        }
    }

    private Arguments Describe(in LossOperands o)
    {
        int positions = Positions(o.Outputs);
        return new Arguments
        {
            Precision = o.Precision,
            Vectors = 1,
            Samples = (long)o.Samples * positions,
            Classes = o.Outputs.Size / positions,
            Weight = 1,
            Outputs = o.Values,
            Targets = o.Targets,
        };
    }

    /// <summary>Outputs and targets of a micro-batch.</summary>
    internal readonly record struct LossOperands(
        Device Device, Precision Precision, int Samples, FeatureShape Outputs, nint Values, nint Targets);

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct Arguments
    {
        public Precision Precision;
        public int Vectors;
        public long Samples;
        public long Classes;
        public double Weight;
        public nint Outputs;
        public nint Targets;
        public nint Tangents;
        public nint Out;
        public double* Losses;
        public byte* Correct;
        public double* Curvatures;
        public long CurvatureVectorStride;
    }
}

/// <summary>ℓ = ½ Σ_c (z_c − t_c)²; integer targets stand for one-hot vectors. ∇ℓ = z − t, ∇²ℓ u = u.</summary>
/// <remarks>
/// The convention of Cohen et al. 2021 (arXiv 2103.00065): without the ½, curvatures would be twice these.
/// </remarks>
public sealed class SquaredError() : Loss("mse", "squared_error")
{
    /// <inheritdoc/>
    public override string Convention => "half the squared error summed over outputs, mean over samples";

    internal override int TargetBytes(FeatureShape outputs, Precision precision) => outputs.Size * precision.Size();

    internal override byte[] PrepareTargets(HostTensor targets, FeatureShape outputShape, Precision precision)
    {
        int outputs = outputShape.Size;
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
