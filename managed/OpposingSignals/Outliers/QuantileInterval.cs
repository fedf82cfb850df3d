using MathNet.Numerics.Distributions;

namespace OpposingSignals.Outliers;

/// <summary>
/// How well a sample knows a quantile of what it was drawn from, whatever its distribution: of n sorted values the ones
/// at ranks l &lt; u bracket the quantile at fraction p with probability P(l &lt; B &lt;= u) or more, where B, the number of
/// values below the quantile, is binomial in n and p (David and Nagaraja, Order Statistics, 3rd ed., section 7.1).
/// </summary>
internal static class QuantileInterval
{
    private const double Confidence = 0.95;

    /// <summary>The values that bracket the quantile with probability 0.95; null where there are too few for a bound on
    /// that side.</summary>
    /// <param name="sorted">Values in ascending order, drawn at random.</param>
    /// <param name="fraction">p, between 0 and 1.</param>
    public static (double? Low, double? High) Of(ReadOnlySpan<double> sorted, double fraction)
    {
        const double tail = (1 - Confidence) / 2;
        double? low = null, high = null;
        for (int below = 0; below < sorted.Length; below++)
        {
            double atMost = Binomial.CDF(fraction, sorted.Length, below);
            if (atMost <= tail)
            {
                low = sorted[below];
            }

            if (high is null && 1 - atMost <= tail)
            {
                high = sorted[below];
            }
        }

        return (low, high);
    }
}
