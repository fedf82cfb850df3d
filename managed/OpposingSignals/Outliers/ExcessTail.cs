namespace OpposingSignals.Outliers;

/// <summary>
/// How many samples chance puts far out: a generalised Pareto tail (Pickands 1975) through the median, the upper
/// quartile and the upper eighth of a positive quantity. Groups of outliers are a small share of the data and hardly
/// move these three.
/// </summary>
/// <remarks>
/// With ξ = max(0, log₂((q₇/₈ − q₃/₄) / (q₃/₄ − q₁/₂))), P(x) = ⅛ (1 + ξ (x − q₇/₈)/σ)^(−1/ξ); ξ = 0 is the exponential
/// tail. A tail that is shorter than exponential counts as exponential, which errs towards finding nothing.
/// </remarks>
internal readonly struct ExcessTail
{
    private readonly double _start;
    private readonly double _scale;
    private readonly double _shape;
    private readonly int _samples;

    public ExcessTail(ReadOnlySpan<double> values)
    {
        _samples = values.Length;
        double[] scratch = values.ToArray();
        Span<double> q = stackalloc double[3];
        OrderStatistics.Quantiles(scratch, [0.5, 0.75, 0.875], q);
        (double near, double far) = (q[1] - q[0], q[2] - q[1]);
        _start = q[2];
        _shape = near > 0 && far > near ? Math.Log2(far / near) : 0;

        // The scale of a generalised Pareto tail grows by ξ per unit; it is that at the upper eighth.
        _scale = _shape > 0 ? near * _shape / (Math.Pow(2, _shape) - 1) * Math.Pow(4, _shape) : near / Math.Log(2);
    }

    /// <summary>Probability that a sample exceeds x, for x beyond the upper eighth; 1 in 8 below.</summary>
    public double Probability(double x)
    {
        if (!(x > _start))
        {
            return 0.125;
        }

        double excess = (x - _start) / _scale;
        return 0.125 * (_shape > 0 ? Math.Pow(1 + (_shape * excess), -1 / _shape) : Math.Exp(-excess));
    }

    /// <summary>The value that chance lets so many of the samples exceed.</summary>
    public double Threshold(double expected)
    {
        double ratio = Math.Max(1, 0.125 * _samples / expected);
        return _start + (_scale * (_shape > 0 ? (Math.Pow(ratio, _shape) - 1) / _shape : Math.Log(ratio)));
    }

    /// <summary>Probability that at least <paramref name="count"/> of the samples exceed x, each on its own.</summary>
    public double ProbabilityOfMany(double x, int count) =>
        count <= 0 ? 1 : MathNet.Numerics.SpecialFunctions.BetaRegularized(count, _samples - count + 1, Probability(x));
}
