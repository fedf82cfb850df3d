using OpposingSignals.Outliers;

// A training loop of one's own, here least squares with one weight by gradient descent. Nothing of it is this library's.
// Twenty of 500 samples share a strong feature; for half of them it speaks for the label +1, for the others for -1.
var random = new Random(0);
double[] feature = [.. Enumerable.Range(0, 500).Select(i => i < 20 ? 8 + random.NextDouble() : random.NextDouble() - 0.5)];
double[] label = [.. Enumerable.Range(0, 500).Select(i => i < 10 ? 1.0 : i < 20 ? -1.0 : 0.1 * (random.NextDouble() - 0.5))];
double curvature = feature.Average(x => x * x), stepSize = 1.995 / curvature, weight = 0.1;
double[] losses = new double[feature.Length];

// Spans go in: the loss of every sample at each step. Pairs come out as the run goes, and keep their names.
var monitor = new GroupMonitor(samples: losses.Length);
for (int step = 0; step <= 256; step++)
{
    double gradient = 0;
    for (int i = 0; i < losses.Length; i++)
    {
        double residual = (weight * feature[i]) - label[i];
        losses[i] = 0.5 * residual * residual;
        gradient += residual * feature[i] / losses.Length;
    }

    int known = monitor.Pairs.All.Count;
    StepSummary summary = monitor.Observe(step, losses);
    foreach (FollowedPair pair in monitor.Pairs.All.Skip(known))
    {
        Console.WriteLine(
            $"step {step}: pair {pair.Name}, {pair.Up.Length} against {pair.Down.Length} samples, correlation " +
            $"{pair.Opposition:F2}; the top 1 % of samples hold {summary.OutlierShare:P0} of all loss change");
    }

    weight -= stepSize * gradient;
}

// With the slopes and curvatures of every sample along a few directions (GroupMonitor.ObserveDirections), pairs that
// oscillate in step are told apart, and each is tested against chance.
FollowedPair leading = monitor.Pairs.Current[0];
Console.WriteLine($"pair {leading.Name}, last seen at step {leading.LastStep}: {string.Join(' ', leading.Up.Order())}");
Console.WriteLine($"                       against: {string.Join(' ', leading.Down.Order())}");
