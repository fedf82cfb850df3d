using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

/// <summary>
/// Gradient descent on the two-layer linear model f = c (b·x + b_o x_o) with half the mean squared error, started from
/// c = 1 and small b, on data whose rare feature x_o = ±20 enters the target by its absolute value.
/// </summary>
internal sealed class RareFeatureRun
{
    private const int Samples = 1000, Width = 20, Rare = 40, Steps = 320;
    private const double Magnitude = 20;

    private readonly Random _random;

    public RareFeatureRun(int seed)
    {
        _random = new Random(seed);
        double[] beta = Normals(5 / Math.Sqrt(Width));
        double[][] x = [.. Enumerable.Range(0, Samples).Select(_ => Normals(1))];
        double[] rare =
            [.. Enumerable.Range(0, Samples).Select(i => i >= Rare ? 0 : i % 2 == 0 ? Magnitude : -Magnitude)];
        double[] y = [.. Enumerable.Range(0, Samples).Select(i => Dot(x[i], beta) + (0.2 * Math.Abs(rare[i])))];
        double[] b = Normals(0.5 / Math.Sqrt(Width));
        double c = 1, bo = 0.5;
        double step = 3.7 / (Math.Sqrt(Dot(beta, beta)) * Magnitude * Magnitude * Rare / Samples);
        for (int t = 0; t < Steps; t++)
        {
            double[] losses = new double[Samples];
            double slopeC = 0, slopeBo = 0;
            double[] slopeB = new double[Width];
            for (int i = 0; i < Samples; i++)
            {
                double hidden = Dot(b, x[i]) + (bo * rare[i]), error = (c * hidden) - y[i];
                losses[i] = error * error / 2;
                slopeC += error * hidden / Samples;
                slopeBo += error * c * rare[i] / Samples;
                for (int k = 0; k < Width; k++)
                {
                    slopeB[k] += error * c * x[i][k] / Samples;
                }
            }

            History.Observe(t, losses);
            (c, bo) = (c - (step * slopeC), bo - (step * slopeBo));
            b = [.. b.Select((value, k) => value - (step * slopeB[k]))];
        }
    }

    public LossHistory History { get; } = new(Samples);

    public IReadOnlySet<int> Positive { get; } = Enumerable.Range(0, Rare).Where(i => i % 2 == 0).ToHashSet();

    public IReadOnlySet<int> Negative { get; } = Enumerable.Range(0, Rare).Where(i => i % 2 == 1).ToHashSet();

    private static double Dot(double[] a, double[] b) => a.Zip(b, (p, q) => p * q).Sum();

    private double[] Normals(double scale) => [.. Enumerable.Range(0, Width).Select(_ =>
        scale * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()))];
}
