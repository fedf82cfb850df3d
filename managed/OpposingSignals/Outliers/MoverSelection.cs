using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Picks the samples whose loss changes over a window stand out by their size.</summary>
internal static class MoverSelection
{
    // Rounded losses of a converged run jump together by single units in the last place; that is no movement.
    private const double RoundingMargin = 4;

    /// <summary>Σ_t d² of every sample; NaN or infinite for a sample with such a change.</summary>
    public static double[] Energies(ChangeWindow window)
    {
        double[] energies = new double[window.Samples];
        double[] row = new double[window.Samples];
        for (int t = 0; t < window.Steps.Length; t++)
        {
            TensorPrimitives.ConvertTruncating(window.Row(t), row.AsSpan());
            TensorPrimitives.MultiplyAdd<double>(row, row, energies, energies);
        }

        return energies;
    }

    /// <summary>
    /// The movers, largest first, ties by index, and the root-mean-square change from which on they are.
    /// </summary>
    public static (int[] Movers, double Threshold) Select(ChangeWindow window, GroupFinderOptions options)
    {
        double[] energies = Energies(window);
        int steps = Math.Max(1, window.Steps.Length);
        double[] sizes = new double[energies.Length];
        int finite = 0;
        foreach (double energy in energies)
        {
            if (double.IsFinite(energy))
            {
                sizes[finite++] = Math.Sqrt(energy / steps);
            }
        }

        if (finite == 0)
        {
            return ([], double.NaN);
        }

        Span<double> quantiles = stackalloc double[3];
        OrderStatistics.Quantiles(sizes.AsSpan(0, finite), [0.5, 0.75, 1 - options.TailShare], quantiles);

        // The upper quartile rather than the median deviation: sizes are skewed, and only their upper tail matters.
        double deviation = (quantiles[1] - quantiles[0]) / 0.6745;
        double threshold = Math.Max(
            quantiles[0] + (options.MoverDeviations * deviation), options.MoverRatio * quantiles[0]);

        List<int> movers = Above(threshold);
        if (movers.Count < Math.Max(2 * options.MinimumCamp, options.TailShare / 4 * finite))
        {
            // Natural data have no gap between the movers and the rest: there the upper tail is the extreme share, if
            // it stands out from the middle.
            threshold = Math.Min(threshold, Math.Max(quantiles[2], options.TailRatio * quantiles[0]));
            movers = Above(threshold);
        }

        movers.Sort((a, b) => energies[a] == energies[b] ? a.CompareTo(b) : energies[b].CompareTo(energies[a]));
        return ([.. movers.Take(options.MaximumMovers)], threshold);

        List<int> Above(double size) =>
        [
            .. Enumerable.Range(0, energies.Length).Where(i =>
                double.IsFinite(energies[i])
                && Math.Sqrt(energies[i] / steps) > Math.Max(size, RoundingMargin * window.Resolution[i])),
        ];
    }
}
