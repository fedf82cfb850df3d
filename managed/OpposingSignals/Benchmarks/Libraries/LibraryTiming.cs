namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>How fast a library does a pass of a layer, and whether it does the same.</summary>
/// <param name="Library">Its name.</param>
/// <param name="Seconds">Time of one run.</param>
/// <param name="Difference">The largest difference of its results from ours, relative to our largest one.</param>
/// <param name="Bound">What two right results may differ by.</param>
/// <param name="NotRun">Why there is no time; null where there is one.</param>
public sealed record LibraryTiming(
    string Library, double Seconds, double Difference, double Bound, string? NotRun = null)
{
    /// <summary>Whether both compute the same; NaN does not.</summary>
    public bool Agrees => Difference <= Bound;
}
