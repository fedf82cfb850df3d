using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>What the loss changes of a window say about a set of samples.</summary>
/// <param name="window">The loss changes as they are.</param>
internal sealed class CampMeasures(ChangeWindow window)
{
    private readonly double[] _energies = MoverSelection.Energies(window);

    /// <summary>Mean loss change of some samples at every step.</summary>
    public double[] MeanChanges(IReadOnlyCollection<int> samples) =>
        MeanChanges(samples, new OpposingStretch(0, window.Steps.Length));

    /// <summary>Mean loss change of some samples at every step of a stretch.</summary>
    public double[] MeanChanges(IReadOnlyCollection<int> samples, OpposingStretch stretch)
    {
        double[] mean = new double[stretch.Length];
        for (int t = 0; t < mean.Length; t++)
        {
            ReadOnlySpan<float> row = window.Row(stretch.Start + t);
            foreach (int sample in samples)
            {
                mean[t] += row[sample];
            }
        }

        TensorPrimitives.Divide(mean, samples.Count, mean);
        return mean;
    }

    /// <summary>The alternation of a trajectory over the window; 0 for a window without steps.</summary>
    public double Alternation(double[] changes) =>
        changes.Length == 0 ? 0 : AlternationScore.Compute(window.Steps.AsSpan(), changes);

    /// <summary>Share of Σ d² over all samples and steps.</summary>
    public double EnergyShare(IEnumerable<int> samples)
    {
        double all = _energies.Where(double.IsFinite).Sum();
        return all > 0 ? samples.Sum(sample => _energies[sample]) / all : 0;
    }

    /// <summary>Where two camps oppose each other.</summary>
    public OpposingStretch Stretch(IReadOnlyCollection<int> up, IReadOnlyCollection<int> down) =>
        OpposingStretch.Find(MeanChanges(up), MeanChanges(down));

    /// <summary>
    /// The pair of two camps, the first one's losses rising on even steps; null unless their correlation is at most
    /// <paramref name="most"/>, which is negative.
    /// </summary>
    public OpposingPair? Pair(SampleGroup up, SampleGroup down, double most)
    {
        OpposingStretch stretch = Stretch(up.Indices, down.Indices);
        double opposition = Correlation(MeanChanges(up.Indices, stretch), MeanChanges(down.Indices, stretch));
        return opposition > most ? null : new OpposingPair
        {
            Up = up,
            Down = down,
            TrajectoryOpposition = opposition,
            OpposedFrom = window.Steps[stretch.Start],
            OpposedTo = window.Steps[stretch.Start + stretch.Length - 1],
        };
    }

    /// <summary>Correlation of two trajectories; 0 where one of them does not move.</summary>
    public static double Correlation(double[] a, double[] b)
    {
        double correlation = Centred(a) is { } x && Centred(b) is { } y ? TensorPrimitives.Dot<double>(x, y) : 0;
        return double.IsFinite(correlation) ? correlation : 0;
    }

    private static double[]? Centred(double[] trajectory)
    {
        if (trajectory.Length == 0)
        {
            return null;
        }

        double[] centred = new double[trajectory.Length];
        TensorPrimitives.Subtract(trajectory, TensorPrimitives.Sum<double>(trajectory) / trajectory.Length, centred);
        double norm = TensorPrimitives.Norm<double>(centred);
        if (norm == 0)
        {
            return null;
        }

        TensorPrimitives.Divide(centred, norm, centred);
        return centred;
    }
}
