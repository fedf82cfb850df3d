using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Runs.Signals;

/// <summary>
/// Activations before a network's last layer, and the channels of them that go with a group of samples.
/// </summary>
internal sealed class FeatureChannels
{
    private const int Listed = 5;

    private readonly double[] _activations;
    private readonly int _channels;
    private readonly int _samples;

    private FeatureChannels(double[] activations, int samples) =>
        (_activations, _samples, _channels) = (activations, samples, activations.Length / samples);

    /// <summary>
    /// The tensor that a network's last layer reads; null where that layer reads the data or has no weights.
    /// </summary>
    public static int? Penultimate(Network network) =>
        network.Nodes[^1] is { Parameters.Length: > 0, Inputs: [> 0 and var tensor] } ? tensor : null;

    /// <summary>
    /// Takes the activations of all samples; null where the network has none, or a sample has several positions.
    /// </summary>
    public static FeatureChannels? Of(Objective objective, VectorBlock parameters) =>
        Penultimate(objective.Network) is { } tensor && objective.Network.Vocabulary == 0
            ? new FeatureChannels(objective.Activations(parameters, tensor), objective.SampleCount)
            : null;

    /// <summary>
    /// Channels by the correlation, over the samples of both sets, of their activation with being in the first one.
    /// </summary>
    public IReadOnlyList<ChannelRecord> Telling(IReadOnlyCollection<int> set, IReadOnlyCollection<int> fromOthers)
    {
        var all = new ChannelRecord[_channels];
        for (int channel = 0; channel < _channels; channel++)
        {
            all[channel] = new ChannelRecord(channel, Correlation(channel, set, fromOthers));
        }

        return [.. all.Where(record => Math.Abs(record.Correlation) > 0)
            .OrderByDescending(record => Math.Abs(record.Correlation)).Take(Listed)];
    }

    /// <summary>Samples that are not in a set.</summary>
    public IReadOnlyCollection<int> Others(IEnumerable<int> members)
    {
        HashSet<int> set = [.. members];
        return [.. Enumerable.Range(0, _samples).Where(i => !set.Contains(i))];
    }

    // Point-biserial: (mean in − mean out) √(share in · share out) / standard deviation of both together.
    private double Correlation(int channel, IReadOnlyCollection<int> set, IReadOnlyCollection<int> fromOthers)
    {
        (double inside, double insideSquares) = Sums(channel, set);
        (double outside, double outsideSquares) = Sums(channel, fromOthers);
        double count = set.Count + fromOthers.Count;
        double mean = (inside + outside) / count;
        double variance = ((insideSquares + outsideSquares) / count) - (mean * mean);
        double shares = set.Count / count * (fromOthers.Count / count);

        // Rounding of the sums alone gives a channel that is constant a variance of this size.
        return !(variance > 1e-12 * mean * mean)
            ? 0
            : ((inside / set.Count) - (outside / fromOthers.Count)) * Math.Sqrt(shares / variance);
    }

    private (double Sum, double Squares) Sums(int channel, IReadOnlyCollection<int> samples)
    {
        double sum = 0, squares = 0;
        foreach (int sample in samples)
        {
            double value = _activations[((long)sample * _channels) + channel];
            sum += value;
            squares += value * value;
        }

        return (sum, squares);
    }
}
