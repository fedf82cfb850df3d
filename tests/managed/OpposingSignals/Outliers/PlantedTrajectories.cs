using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

/// <summary>Loss changes with known pairs of opposing camps under noise.</summary>
internal sealed class PlantedTrajectories
{
    public const int Samples = 2000;

    private readonly Random _random;
    private readonly float[] _changes;
    private readonly int _steps;

    public PlantedTrajectories(int seed, int steps = 128)
    {
        _random = new Random(seed);
        _steps = steps;
        _changes = new float[steps * Samples];
    }

    public List<(IReadOnlySet<int> Up, IReadOnlySet<int> Down)> Pairs { get; } = [];

    public ChangeWindow Window => new([.. Enumerable.Range(100, _steps).Select(s => (long)s)], Samples, _changes);

    /// <summary>Independent noise; its scale may differ from sample to sample by a log-normal factor.</summary>
    public PlantedTrajectories WithNoise(double scale, double logSpread = 0)
    {
        for (int i = 0; i < Samples; i++)
        {
            double own = scale * Math.Exp(logSpread * Normal());
            Add(i, _ => own * Normal());
        }

        return this;
    }

    /// <summary>Every sample oscillates slightly with period 2, with a strength and sign of its own.</summary>
    public PlantedTrajectories WithCommonMode(double scale)
    {
        for (int i = 0; i < Samples; i++)
        {
            double own = scale * Normal();
            Add(i, t => own * Sign(t));
        }

        return this;
    }

    /// <summary>Pairs that oscillate with period 2, each with a slow modulation of its own.</summary>
    public PlantedTrajectories WithPairs(int count, int camp = Samples / 100, double amplitude = 3, double depth = 0.8)
    {
        int[] order = [.. Enumerable.Range(0, Samples)];
        _random.Shuffle(order);
        for (int p = 0; p < count; p++)
        {
            int[] up = order[(2 * p * camp)..(((2 * p) + 1) * camp)];
            int[] down = order[(((2 * p) + 1) * camp)..((2 * p + 2) * camp)];
            double frequency = (p + 1) * 2 * Math.PI / _steps, phase = 2 * Math.PI * _random.NextDouble();
            foreach (int i in (int[])[.. up, .. down])
            {
                double own = amplitude * (0.75 + (0.5 * _random.NextDouble())) * (Array.IndexOf(up, i) >= 0 ? 1 : -1);
                Add(i, t => own * Sign(t) * (1 + (depth * Math.Sin((frequency * t) + phase))));
            }

            Pairs.Add((up.ToHashSet(), down.ToHashSet()));
        }

        return this;
    }

    /// <summary>
    /// Every sample follows one growing oscillation of period 2, with a strength and sign of its own and heavy tails
    /// (Student's t with 2 degrees of freedom), as along a single eigenvector.
    /// </summary>
    public double[] AddHeavyTailedDirection(double scale)
    {
        double[] strengths = [.. Enumerable.Range(0, Samples).Select(_ =>
            scale * Normal() / Math.Sqrt(-Math.Log(1 - _random.NextDouble())))];
        for (int i = 0; i < Samples; i++)
        {
            Add(i, t => strengths[i] * Sign(t) * Math.Exp(2.0 * t / _steps));
        }

        return strengths;
    }

    private static int Sign(int t) => (t & 1) == 0 ? 1 : -1;

    private void Add(int sample, Func<int, double> change)
    {
        for (int t = 0; t < _steps; t++)
        {
            _changes[(t * Samples) + sample] += (float)change(t);
        }
    }

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
