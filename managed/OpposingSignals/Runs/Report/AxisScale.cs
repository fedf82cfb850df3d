namespace OpposingSignals.Runs.Report;

/// <summary>Maps values to pixels, linearly or logarithmically, and chooses round ticks.</summary>
/// <param name="low">Value at <paramref name="lowPixel"/>; positive if logarithmic.</param>
/// <param name="high">Value at <paramref name="highPixel"/>, larger than <paramref name="low"/>.</param>
/// <param name="lowPixel">Pixel of the lower end.</param>
/// <param name="highPixel">Pixel of the upper end.</param>
/// <param name="logarithmic">Whether equal ratios take equal lengths.</param>
internal sealed class AxisScale(double low, double high, double lowPixel, double highPixel, bool logarithmic)
{
    public double Low => low;

    public double High => high;

    public double LowPixel => lowPixel;

    public double HighPixel => highPixel;

    public bool Logarithmic => logarithmic;

    /// <summary>The pixel of a value.</summary>
    public double Pixel(double value) =>
        lowPixel + ((highPixel - lowPixel) * (Transform(value) - Transform(low)) / (Transform(high) - Transform(low)));

    /// <summary>About so many round values within the ends.</summary>
    public IReadOnlyList<double> Ticks(int about, bool whole = false)
    {
        if (logarithmic && Math.Log10(high / low) > 1.2)
        {
            return LogarithmicTicks(about);
        }

        double step = RoundStep((high - low) / Math.Max(1, about));
        step = whole ? Math.Max(1, step) : step;
        double first = Math.Ceiling(low / step);
        int count = (int)Math.Floor((high / step) - first) + 1;
        return [.. Enumerable.Range(0, Math.Max(0, count)).Select(k => (first + k) * step)];
    }

    // The nearest of 1, 2 or 5 times a power of ten.
    private static double RoundStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        double leading = step / power;
        return power * (leading < 1.5 ? 1 : leading < 3.5 ? 2 : leading < 7.5 ? 5 : 10);
    }

    private List<double> LogarithmicTicks(int about)
    {
        int first = (int)Math.Floor(Math.Log10(low)), last = (int)Math.Ceiling(Math.Log10(high));
        int every = Math.Max(1, (last - first) / Math.Max(1, about));
        double[] leading = last - first <= 3 ? [1, 2, 5] : [1];
        var ticks = new List<double>();

        // Multiples of the spacing, so that 1 is among them wherever it is in range.
        for (int exponent = (int)Math.Ceiling((double)first / every) * every; exponent <= last; exponent += every)
        {
            ticks.AddRange(leading.Select(m => m * Math.Pow(10, exponent)).Where(tick => tick >= low && tick <= high));
        }

        return ticks;
    }

    private double Transform(double value) => logarithmic ? Math.Log(value) : value;
}
