using System.Globalization;
using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// y = m ⊙ x / (1 − p) with a fixed random mask m ∈ {0, 1} for every sample and feature, zero with probability p
/// (Srivastava et al. 2014). The mask is a function of the seed, the sample's place in the data and the feature, so
/// that the loss stays one function of θ: no pass and no micro-batch size changes it. Where an
/// <see cref="Curvature.Objective"/> is made without dropout the layer is the identity, as in PyTorch's evaluation
/// mode.
/// </summary>
public sealed class Dropout : Layer
{
    private static readonly Operation<Arguments> Operation = new("dropout");

    private readonly FeatureShape _shape;

    /// <summary>Creates the layer.</summary>
    /// <param name="shape">Shape of input and output.</param>
    /// <param name="rate">p, the share that is dropped, at least 0 and below 1.</param>
    /// <param name="seed">Seed of the mask.</param>
    /// <exception cref="InputException">The rate is out of range.</exception>
    public Dropout(FeatureShape shape, double rate, ulong seed)
    {
        if (rate is not (>= 0 and < 1))
        {
            throw new InputException(
                string.Create(CultureInfo.InvariantCulture, $"A dropout rate is at least 0 and below 1, got {rate}."));
        }

        (_shape, Rate, Seed) = (shape, rate, seed);
    }

    /// <summary>Share p that is dropped.</summary>
    public double Rate { get; }

    /// <summary>Seed of the mask.</summary>
    public ulong Seed { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [_shape];

    /// <inheritdoc/>
    public override FeatureShape OutputShape => _shape;

    internal override bool OverwritesInput => true;

    internal override bool OverwritesTangent => true;

    internal override bool OverwritesCotangent => true;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Dropout({Rate}, seed {Seed})");

    internal override void Forward(LayerPass pass) => Run(pass, 1, pass.Inputs[0], pass.Output);

    internal override void Tangent(LayerPass pass) =>
        Run(pass, pass.Vectors, pass.InputTangents[0].Address, pass.OutputTangent.Address);

    internal override void Backward(LayerPass pass)
    {
        if (pass.InputCotangents[0].Exists)
        {
            Run(
                pass, pass.Vectors, pass.OutputCotangent.Address, pass.InputCotangents[0].Address,
                pass.AccumulateInput[0]);
        }
    }

    internal override void TangentBackward(LayerPass pass) => Backward(pass);

    private void Run(LayerPass pass, int vectors, nint from, nint to, bool accumulate = false) =>
        pass.Device.Run(Operation, new Arguments
        {
            Precision = pass.Precision,
            Accumulate = accumulate ? 1 : 0,
            Vectors = vectors,
            Samples = pass.Samples,
            Features = _shape.Size,
            FirstSample = pass.FirstSample,
            Seed = Seed,
            Rate = pass.Dropout ? Rate : 0,
            In = from,
            Out = to,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Vectors;
        public long Samples;
        public long Features;
        public long FirstSample;
        public ulong Seed;
        public double Rate;
        public nint In;
        public nint Out;
    }
}
