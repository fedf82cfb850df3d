using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

/// <summary>
/// Slopes and curvatures along directions with pairs of camps planted in them, and the loss changes that go with them.
/// All pairs oscillate in step, so that loss changes alone cannot tell them apart.
/// </summary>
internal static class PlantedDirections
{
    public const int Samples = 800;
    public const int Camp = 10;
    public const int Directions = 4;
    private const int Steps = 64;

    /// <summary>Pair p is the samples 2 p Camp .. 2 (p + 1) Camp − 1, its first camp first.</summary>
    public static (DirectionalWindow Directions, ChangeWindow Changes) Create(int pairs, ulong seed)
    {
        var random = new Xoshiro256(seed);
        double[] slope = [.. Enumerable.Range(0, Directions * Samples).Select(_ => random.NextGaussian())];
        double[] curvature = [.. slope.Select(_ => 1 + (0.3 * random.NextDouble()))];
        for (int i = 0; i < 2 * Camp * pairs; i++)
        {
            int direction = i / (2 * Camp);
            int sign = i % (2 * Camp) < Camp ? 1 : -1;
            slope[(direction * Samples) + i] = sign * (10 + (2 * random.NextGaussian()));
            curvature[(direction * Samples) + i] = 40 + (10 * random.NextDouble());
        }

        var window = new DirectionalWindow(Samples, Directions);
        float[] changes = new float[Steps * Samples];
        for (int t = 0; t < Steps; t++)
        {
            double[] coordinates =
                [.. Enumerable.Range(0, Directions).Select(_ => (t % 2 == 0 ? 0.01 : -0.01) * (1 + (t / 32.0)))];

            // At the ends of an oscillating step the slope is off the one halfway by half the curvature's part.
            double[] slopes = [.. slope.Select((m, at) => m - (0.5 * curvature[at] * coordinates[at / Samples]))];
            window.Observe(t, coordinates, slopes, curvature);
            for (int i = 0; i < Samples; i++)
            {
                for (int j = 0; j < Directions; j++)
                {
                    changes[(t * Samples) + i] += (float)(slope[(j * Samples) + i] * coordinates[j]);
                }
            }
        }

        return (window, new ChangeWindow([.. Enumerable.Range(1, Steps).Select(t => (long)t)], Samples, changes));
    }

    /// <summary>The camps of each pair.</summary>
    public static IReadOnlyList<(IReadOnlySet<int> Up, IReadOnlySet<int> Down)> Known(int pairs) =>
    [
        .. Enumerable.Range(0, pairs).Select(p => (
            (IReadOnlySet<int>)Enumerable.Range(2 * p * Camp, Camp).ToHashSet(),
            (IReadOnlySet<int>)Enumerable.Range(((2 * p) + 1) * Camp, Camp).ToHashSet())),
    ];
}
