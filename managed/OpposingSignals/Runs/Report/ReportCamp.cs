using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>One side of a pair of opposing groups.</summary>
public sealed record ReportCamp
{
    /// <summary>The members, strongest first.</summary>
    public required ImmutableArray<ReportSample> Samples { get; init; }

    /// <summary>Mean loss of the members over the run.</summary>
    public ReportSeries Loss { get; init; } = ReportSeries.Empty;

    /// <summary>mean_t sign(d_t) (−1)^t of the mean loss change d; ±1 is a perfect oscillation of period 2.</summary>
    public double? Alternation { get; init; }
}
