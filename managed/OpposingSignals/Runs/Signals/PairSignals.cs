using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Outliers;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs.Signals;

/// <summary>
/// Asks of each pair, at fixed parameters, what its signal is. Batch normalisation uses its running statistics: samples
/// are their own.
/// </summary>
internal sealed class PairSignals
{
    private readonly RunObjects _objects;
    private readonly Dataset _data;
    private readonly VectorBlock _parameters;
    private readonly VectorBlock _top;
    private readonly FeatureChannels? _channels;
    private readonly Phrases? _phrases;
    private readonly List<KeyValuePair<string, HostTensor>> _arrays = [];

    /// <summary>Prepares for the pairs of a run.</summary>
    /// <param name="objects">The run.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="top">v, the leading of the <see cref="StabilityDirections"/>.</param>
    public PairSignals(RunObjects objects, VectorBlock parameters, VectorBlock top)
    {
        (_objects, _data, _parameters, _top) = (objects, objects.Data.Training, parameters, top);
        using Objective forward = objects.ObjectiveOf(_data, forwardOnly: true);
        _channels = FeatureChannels.Of(forward, parameters);
        _phrases = _data.IsTokens ? new Phrases(_data) : null;
    }

    /// <summary>
    /// Arrays of the pairs measured so far, by the pair's name, a dot, and <c>input_direction</c> (unit length, in the
    /// network's input), <c>up_mean</c> or <c>down_mean</c> (mean inputs of the camps), each of the shape of one input.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, HostTensor>> Arrays => _arrays;

    /// <summary>What the signal of a pair is.</summary>
    public SignalRecord Of(OpposingPair pair, string name)
    {
        int[] members = [.. pair.Up.Indices, .. pair.Down.Indices];
        Dataset samples = _data.Select([.. members]);
        using Objective group = _objects.ObjectiveOf(samples, forwardOnly: false);
        double[] axis = InputDirection.OutputAxis(group, _parameters, _top, out double length);
        if (_data.Inputs.Type != ElementType.Int64)
        {
            double[] direction = InputDirection.Of(group, samples, _parameters, _top, axis, length);
            double norm = Math.Sqrt(direction.Sum(value => value * value));
            Add(name, "input_direction", [.. direction.Select(value => norm > 0 ? value / norm : 0)]);
            Add(name, "up_mean", MeanInput(pair.Up));
            Add(name, "down_mean", MeanInput(pair.Down));
        }

        return new SignalRecord
        {
            Classes = _data.HasLabels ? Classes(pair) : [],
            CurvatureShares = CurvatureShares(group),
            Outputs = [.. axis.Select((weight, c) => new OutputWeight(_data.ClassName(c), weight))
                .OrderByDescending(output => Math.Abs(output.Weight))],
            SharedChannels = _channels?.Telling(members, _channels.Others(members)) ?? [],
            DividingChannels = _channels?.Telling(pair.Up.Indices, pair.Down.Indices) ?? [],
            UpPhrases = _phrases?.OverRepresented(pair.Up.Indices) ?? [],
            DownPhrases = _phrases?.OverRepresented(pair.Down.Indices) ?? [],
        };
    }

    private IReadOnlyList<ClassCount> Classes(OpposingPair pair)
    {
        int[] up = Counts(pair.Up), down = Counts(pair.Down);
        return [.. Enumerable.Range(0, up.Length).Where(c => up[c] + down[c] > 0)
            .Select(c => new ClassCount(_data.ClassName(c), up[c], down[c]))
                .OrderByDescending(count => count.Up + count.Down)];

        int[] Counts(SampleGroup camp)
        {
            int[] counts = new int[_data.OutputCount];
            foreach (int sample in camp.Indices)
            {
                counts[_data.Targets.AsSpan<long>()[sample]]++;
            }

            return counts;
        }
    }

    private IReadOnlyList<LayerShareRecord> CurvatureShares(Objective group)
    {
        using var product = new VectorBlock(_parameters.Device, _parameters.Precision, 1, _parameters.Length);
        group.Linearize(_parameters).Multiply(ProductKind.Hessian, _top, product);
        double[] direction = _top.ToArray(), moved = product.ToArray();
        double[] parts = [.. direction.Zip(moved, (v, h) => v * h)];
        double all = parts.Sum();
        return
        [
            .. StateDict.Tensors(_objects.Network, parts, ElementType.Float64)
                .Select(tensor => new LayerShareRecord(tensor.Key, tensor.Value.ToDoubles().Sum() / all)),
        ];
    }

    private double[] MeanInput(SampleGroup camp)
    {
        int features = _data.Inputs.Count / _data.Count;
        double[] inputs = _data.Select(camp.Indices).Inputs.ToDoubles(), mean = new double[features];
        for (int i = 0; i < inputs.Length; i++)
        {
            mean[i % features] += inputs[i] / camp.Indices.Length;
        }

        return mean;
    }

    private void Add(string name, string what, double[] values) =>
        _arrays.Add(new($"{name}.{what}", HostTensor.From<double>(values, [.. _data.Inputs.Shape[1..]])));
}
