using System.Collections.Immutable;
using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

/// <summary>
/// A report with the shapes of a real run: sharpness that rises to 2/η and hovers, losses in anti-phase.
/// </summary>
internal static class SampleReport
{
    private const int Steps = 1000;
    private const int Edge = 312;
    private const double Threshold = 40;

    private static readonly string[] Classes = ["airplane", "ship", "automobile", "truck", "bird", "horse"];

    public static ReportModel Create(int seed = 1)
    {
        var random = new Random(seed);
        double[] sharpness = [.. Range().Select(t => t < Edge
            ? Threshold * (0.18 + (0.82 * Math.Pow((double)t / Edge, 1.4)))
            : Threshold * (1.03 + (0.05 * Math.Sin(t / 19.0)) + (0.02 * random.NextDouble())))];
        double[] loss = [.. Range().Select(t => (2.2 * Math.Exp(-t / 180.0)) + 0.02 +
            (t > Edge ? 0.01 * random.NextDouble() * (1 + Math.Sin(t / 40.0)) : 0))];
        return new ReportModel
        {
            Title = "cnn:32,32:relu on cifar10:5000",
            Subtitle = "Full-batch gradient descent, step size 0.05, 1000 steps, float32 on a CPU",
            SampleCount = 5000,
            LossUnit = "nats",
            Configuration =
            [
                new("model", "cnn:32,32:relu:maxpool"), new("data", "cifar10:5000"),
                new("optimiser", "gradient descent"),
                new("step size η", "0.05"), new("steps", "1000"), new("loss", "cross-entropy"), new("seed", "0"),
                new("device", "cpu, AVX-512, 2 threads"),
            ],
            TrainLoss = Series(loss),
            TestLoss = Every(20, t => loss[t] + 0.35 + (0.0004 * t)),
            TrainAccuracy = Series([.. Range().Select(t => 1 - (0.9 * Math.Exp(-t / 150.0)))]),
            TestAccuracy = Every(20, t => 0.62 - (0.52 * Math.Exp(-t / 120.0))),
            Sharpness = Eigenvalues(5, t => sharpness[t], random),
            FurtherEigenvalues =
            [
                Eigenvalues(5, t => 0.71 * sharpness[t], random),
                Eigenvalues(5, t => 0.5 * sharpness[Math.Max(0, t - 60)], random),
                Eigenvalues(5, t => 0.31 * sharpness[t], random),
            ],
            StabilityThreshold = Threshold,
            EdgeStep = Edge,
            RiseFraction = Series([.. Range().Select(t => t < Edge
                ? 0.3 + (0.1 * random.NextDouble())
                : 0.5 + (0.12 * (random.NextDouble() - 0.5)))]),
            OutlierShare = Series([.. Range().Select(t => 0.08 + (0.22 / (1 + Math.Exp((Edge - t) / 25.0))) +
                (0.03 * random.NextDouble()))]),
            Pairs = [Pair("A", 0, 0.62, loss, random), Pair("B", 2, 0.14, loss, random)],
            Notes = ["Sharpness was measured at every fifth step; the crossing is known to within five steps."],
        };
    }

    private static ReportPair Pair(string name, int firstClass, double share, double[] loss, Random random)
    {
        double size = 1.6 * share;
        double Swing(int t) => (t & 1) == 0 ? Envelope(t) : -Envelope(t);
        double Envelope(int t) => t < Edge - 20
            ? 0.01 * size
            : size * (0.35 + (0.3 * Math.Sin((t - Edge) / (30.0 + firstClass)))) * Math.Exp(-(t - Edge) / 900.0);
        double Level(int t) => (1.8 * Math.Exp(-t / 400.0)) + (0.5 * loss[t]);
        return new ReportPair
        {
            Name = name,
            Opposition = -0.97,
            SharpnessShare = share,
            GradientCosine = -0.94,
            ChangeShare = 0.41 * share,
            Up = Camp(firstClass, t => Level(t) + Swing(t), 0.98, random),
            Down = Camp(firstClass + 1, t => (0.9 * Level(t)) - (0.9 * Swing(t)), -0.97, random),
        };
    }

    private static ReportCamp Camp(int label, Func<int, double> loss, double alternation, Random random) => new()
    {
        Loss = Series([.. Range().Select(t => Math.Max(0.002, loss(t) + (0.02 * random.NextDouble())))]),
        Alternation = alternation,
        Samples = [.. Enumerable.Range(0, 20).Select(rank => new ReportSample
        {
            Index = random.Next(5000),
            Label = Classes[random.NextDouble() < 0.8 ? label : random.Next(Classes.Length)],
            Prediction = Classes[random.NextDouble() < 0.6 ? label : label ^ 1],
            Probability = 0.4 + (0.6 * random.NextDouble()),
            Score = 0.9 * Math.Exp(-rank / 12.0),
            ThumbnailPng = Thumbnail(label, random),
        })],
    };

    // A sky or a ground of one colour with a block on it.
    private static byte[] Thumbnail(int label, Random random)
    {
        const int Size = 32;
        byte[] pixels = new byte[Size * Size * 3];
        int blockX = random.Next(4, 16), blockY = random.Next(8, 18), blockWidth = random.Next(8, 16);
        int hue = random.Next(40);
        for (int i = 0; i < Size * Size; i++)
        {
            int x = i % Size, y = i / Size;
            bool block = x >= blockX && x < blockX + blockWidth && y >= blockY && y < blockY + 7;
            int noise = random.Next(18);
            (int r, int g, int b) = block ? (90 + hue, 70, 60)
                : label < 2 ? (110 + y, 170 + y, 205 + hue)
                : (150, 140 - y, 90 + hue);
            pixels[3 * i] = (byte)Math.Min(255, r + noise);
            pixels[(3 * i) + 1] = (byte)Math.Min(255, g + noise);
            pixels[(3 * i) + 2] = (byte)Math.Min(255, b + noise);
        }

        return TestPng.Encode(pixels, Size);
    }

    private static EigenvalueSeries Eigenvalues(int every, Func<int, double> value, Random random)
    {
        ReportSeries series = Every(every, value);
        return new EigenvalueSeries(series, [.. series.Values.Select((v, i) =>
            i % 37 == 20 ? 0.06 * v : 1e-3 * v * random.NextDouble())]);
    }

    private static IEnumerable<int> Range() => Enumerable.Range(0, Steps);

    private static ReportSeries Series(double[] values) =>
        new([.. Enumerable.Range(0, values.Length).Select(t => (long)t)], [.. values]);

    private static ReportSeries Every(int step, Func<int, double> value)
    {
        ImmutableArray<int> steps = [.. Range().Where(t => t % step == 0)];
        return new ReportSeries([.. steps.Select(t => (long)t)], [.. steps.Select(value)]);
    }
}
