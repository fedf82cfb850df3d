namespace OpposingSignals.Networks;

/// <summary>
/// Mean and variance per channel that batch normalisation keeps for evaluation. They are no parameters: nothing is
/// differentiated with respect to them.
/// </summary>
public sealed class RunningStatistics
{
    /// <summary>Share of a new batch in the running numbers; PyTorch's default.</summary>
    public const double Momentum = 0.1;

    private readonly double[] _mean;
    private readonly double[] _variance;

    /// <summary>Mean 0 and variance 1.</summary>
    internal RunningStatistics(int channels)
    {
        _mean = new double[channels];
        _variance = new double[channels];
        Array.Fill(_variance, 1);
    }

    /// <summary>Mean per channel.</summary>
    public Span<double> Mean => _mean;

    /// <summary>Variance per channel, at least 0.</summary>
    public Span<double> Variance => _variance;

    /// <summary>
    /// running ← 0.9 running + 0.1 of the batch, whose variance is the unbiased one, n/(n − 1) of the mean square
    /// deviation.
    /// </summary>
    internal void Add(BatchStatistics batch)
    {
        double unbias = batch.Count > 1 ? batch.Count / (batch.Count - 1.0) : 1;
        for (int c = 0; c < _mean.Length; c++)
        {
            _mean[c] += Momentum * (batch.Mean[c] - _mean[c]);
            _variance[c] += Momentum * ((unbias * batch.Deviation[c]) - _variance[c]);
        }
    }
}

/// <summary>What one micro-batch adds to running statistics.</summary>
/// <param name="Mean">Means per channel.</param>
/// <param name="Deviation">Mean square deviations per channel.</param>
/// <param name="Count">Elements n per channel.</param>
internal sealed record BatchStatistics(double[] Mean, double[] Deviation, long Count);
