using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// The mean loss of a network at one θ with gradient, curvature products and what each sample contributes, by naive
/// loops in float64, each number with the bound of <see cref="Bounded"/>. Shares no kernel with the library.
/// </summary>
/// <remarks>
/// Inputs, targets, parameters and directions are first rounded to the precision that the library computes in. What it
/// then gets is exact data for both, and the bound is that of the arithmetic alone.
/// </remarks>
public sealed class PlainObjective
{
    private readonly Precision _precision;
    private readonly PlainNetwork _network;
    private readonly PlainLoss _loss;
    private readonly Bounded[][] _parameters;
    private readonly Bounded _weight;
    private readonly int _parameterCount;
    private readonly Sample[] _samples;

    public PlainObjective(
        Precision precision, Network network, Loss loss, HostTensor inputs, HostTensor targets, double[] parameters)
    {
        _precision = precision;
        _network = new PlainNetwork(network);
        _loss = new PlainLoss(loss, network.OutputShape);
        _parameterCount = parameters.Length;
        _parameters = _network.Split(Rounded(parameters));
        int samples = inputs.Shape[0];
        _weight = Bounded.Constant(1.0 / samples);
        double[][] x = PlainData.Inputs(network, Rounded(inputs.ToDoubles()), samples);
        double[][] t = PlainData.Targets(network.OutputShape, targets, Rounded(targets.ToDoubles()));

        var gradient = new RunningSum[_parameterCount];
        _samples = new Sample[samples];
        for (int n = 0; n < samples; n++)
        {
            Bounded[][] tensors =
                _network.Forward(Array.ConvertAll(x[n], value => (Bounded)value), _parameters);
            Bounded[][] cotangents =
                _network.Backward(tensors, _parameters, _loss.Gradient(tensors[^1], t[n], _weight), gradient);
            _samples[n] = new Sample(tensors, cotangents, t[n]);
        }

        Gradient = RunningSum.Totals(gradient);
        SampleLosses = Array.ConvertAll(_samples, sample => _loss.Value(sample.Outputs, sample.Target));
    }

    /// <summary>ℓᵢ.</summary>
    public Bounded[] SampleLosses { get; }

    /// <summary>(1/N) Σ ℓᵢ.</summary>
    public Bounded Loss => RunningSum.Dot(SampleLosses, [.. _samples.Select(_ => _weight)]);

    /// <summary>∇L.</summary>
    public Bounded[] Gradient { get; }

    /// <summary>The network's outputs, sample by sample.</summary>
    public Bounded[] Outputs => [.. _samples.SelectMany(sample => sample.Outputs)];

    /// <summary>H v or G v.</summary>
    public Bounded[] Multiply(ProductKind kind, double[] vector)
    {
        Bounded[][] direction = Direction(vector);
        var product = new RunningSum[_parameterCount];
        foreach (Sample sample in _samples)
        {
            Bounded[][] tangents = _network.Tangent(sample.Tensors, _parameters, direction);
            Bounded[] bent = _loss.HessianProduct(sample.Outputs, tangents[^1], _weight);
            if (kind == ProductKind.GaussNewton)
            {
                _network.Backward(sample.Tensors, _parameters, bent, product);
            }
            else
            {
                _network.TangentBackward(
                    sample.Tensors, sample.Cotangents, tangents, _parameters, direction, bent, product);
            }
        }

        return RunningSum.Totals(product);
    }

    /// <summary>⟨∇ℓᵢ, v⟩.</summary>
    public Bounded[] SampleSlopes(double[] vector)
    {
        Bounded[][] direction = Direction(vector);
        return Array.ConvertAll(_samples, sample => RunningSum.Dot(
            _loss.Gradient(sample.Outputs, sample.Target, 1),
            _network.Tangent(sample.Tensors, _parameters, direction)[^1]));
    }

    /// <summary>
    /// vᵀ∇²ℓᵢ v. The number is the second derivative along θ + t v by jets, without a cotangent: ⟨∇ℓ, z̈⟩ + żᵀ∇²ℓ ż.
    /// The bound is that of the adjoint form, żᵀ∇²ℓ ż + Σ over layers of N ⟨ȳ, D²f⟩ with cotangents of the mean loss,
    /// which is how a library that has them computes it.
    /// </summary>
    public Bounded[] SampleCurvatures(double[] vector)
    {
        Bounded[][] direction = Direction(vector);
        return Array.ConvertAll(_samples, sample =>
        {
            Bounded[][] tangents = _network.Tangent(sample.Tensors, _parameters, direction);
            Bounded ofLoss = _loss.Curvature(sample.Outputs, tangents[^1]);
            Bounded jets = ofLoss + RunningSum.Dot(
                _loss.Gradient(sample.Outputs, sample.Target, 1),
                _network.SecondDerivative(sample.Tensors, tangents, _parameters, direction));

            var adjoint = default(RunningSum);
            adjoint.Add(ofLoss);
            for (int i = 0; i < _parameters.Length; i++)
            {
                Bounded[] bend = _network.SecondOrder(i, sample.Tensors, tangents, _parameters, direction);
                adjoint.Add(RunningSum.Dot(sample.Cotangents[i + 1], bend), _samples.Length);
            }

            return new Bounded(jets.Value, adjoint.Total.Error);
        });
    }

    private Bounded[][] Direction(double[] vector) => _network.SplitDirection(Rounded(vector));

    private double[] Rounded(double[] values) =>
        _precision == Precision.Float32 ? Array.ConvertAll(values, value => (double)(float)value) : values;

    private sealed record Sample(Bounded[][] Tensors, Bounded[][] Cotangents, double[] Target)
    {
        public Bounded[] Outputs => Tensors[^1];
    }
}
