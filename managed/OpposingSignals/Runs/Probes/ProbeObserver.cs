using System.Collections.Immutable;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs.Probes;

/// <summary>
/// Puts probes through the network as it is at a step: their class probabilities, and the norms of their activations at
/// every layer beside the mean norm of the training samples there (Rosenfeld and Risteski, arXiv 2311.04163, section on
/// the sky block).
/// </summary>
/// <remarks>
/// Columns of <c>samples/probes.csv</c>, with c the number of a class and l that of a layer, both from 0:
/// <c>PROBE.p_c</c> (probabilities with cross-entropy) or <c>PROBE.out_c</c> (outputs with other losses),
/// <c>PROBE.norm_l</c>, and <c>data.norm_l</c>, the mean over the training samples. Probes see running batch
/// statistics, the training samples those of their micro-batch.
/// </remarks>
internal sealed class ProbeObserver : IDisposable
{
    private readonly Objective _training;
    private readonly Objective _probes;
    private readonly ImmutableArray<int> _tensors;
    private readonly int _outputs;
    private readonly bool _probabilities;

    /// <summary>Prepares; the training objective measures norms from now on.</summary>
    /// <exception cref="InputException">The probes do not fit, or a sample has several positions.</exception>
    public ProbeObserver(RunObjects objects)
    {
        Set = ProbeSet.Parse(objects.Configuration.Probes!, objects.Data);
        Network network = objects.Network;
        _training = objects.Objective;
        _outputs = network.Outputs;
        _probabilities = objects.Loss is CrossEntropy;
        _tensors = _training.LastingTensors;
        int count = Set.Names.Length;
        _probes = objects.ObjectiveOf(
            new Datasets.Dataset(
                "probes", Set.Inputs, HostTensor.From<double>(new double[count * _outputs], count, _outputs), _outputs),
            new SquaredError());
        _probes.ObserveNorms(_tensors);
        _training.ObserveNorms(_tensors);
    }

    /// <summary>The probes.</summary>
    public ProbeSet Set { get; }

    /// <summary>Names of the values of <see cref="Measure"/>.</summary>
    public IReadOnlyList<string> Columns =>
    [
        .. Set.Names.SelectMany(
            name => Enumerable.Range(0, _outputs).Select(c => $"{name}.{OutputColumn(_probabilities)}{c}")
            .Concat(_tensors.Select(tensor => NormColumn(name, tensor)))),
        .. _tensors.Select(tensor => NormColumn("data", tensor)),
    ];

    /// <summary>What a probe's outputs are called before their number.</summary>
    public static string OutputColumn(bool probabilities) => probabilities ? "p_" : "out_";

    /// <summary>The column of a norm after the layer before a tensor.</summary>
    public static string NormColumn(string name, int tensor) => $"{name}.norm_{tensor - 1}";

    /// <summary>Values at θ, where the training objective has just been evaluated.</summary>
    public double?[] Measure(VectorBlock parameters)
    {
        double[] outputs = _probes.Outputs(parameters);
        double[][] norms = [.. Enumerable.Range(0, _tensors.Length).Select(_probes.Norms)];
        var values = new List<double?>();
        for (int probe = 0; probe < Set.Names.Length; probe++)
        {
            double[] own = outputs[(probe * _outputs)..((probe + 1) * _outputs)];
            values.AddRange((_probabilities ? Softmax(own) : own).Select(value => (double?)value));
            values.AddRange(norms.Select(layer => (double?)layer[probe]));
        }

        values.AddRange(Enumerable.Range(0, _tensors.Length).Select(t => (double?)_training.Norms(t).Average()));
        return [.. values];
    }

    /// <inheritdoc/>
    public void Dispose() => _probes.Dispose();

    private static double[] Softmax(double[] outputs)
    {
        double largest = outputs.Max();
        double[] exponentials = [.. outputs.Select(output => Math.Exp(output - largest))];
        double sum = exponentials.Sum();
        return [.. exponentials.Select(value => value / sum)];
    }
}
