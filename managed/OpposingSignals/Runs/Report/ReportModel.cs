using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>Everything that the report of a run shows; a part that is empty or null was not measured.</summary>
public sealed record ReportModel
{
    /// <summary>Heading of the page.</summary>
    public required string Title { get; init; }

    /// <summary>A line under the heading: network, data, optimiser.</summary>
    public string? Subtitle { get; init; }

    /// <summary>The run's configuration.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Configuration { get; init; } = [];

    /// <summary>Number of training samples.</summary>
    public int? SampleCount { get; init; }

    /// <summary>Name of the unit of the loss, for example <c>nats</c>; null for none.</summary>
    public string? LossUnit { get; init; }

    /// <summary>Mean loss on the training data.</summary>
    public ReportSeries TrainLoss { get; init; } = ReportSeries.Empty;

    /// <summary>Mean loss on the test data.</summary>
    public ReportSeries TestLoss { get; init; } = ReportSeries.Empty;

    /// <summary>Share of training samples that are classified correctly, from 0 to 1.</summary>
    public ReportSeries TrainAccuracy { get; init; } = ReportSeries.Empty;

    /// <summary>Share of test samples that are classified correctly, from 0 to 1.</summary>
    public ReportSeries TestAccuracy { get; init; } = ReportSeries.Empty;

    /// <summary>The largest eigenvalue of the Hessian of the mean training loss.</summary>
    public EigenvalueSeries Sharpness { get; init; } = EigenvalueSeries.Empty;

    /// <summary>The eigenvalues after the largest, in descending order.</summary>
    public ImmutableArray<EigenvalueSeries> FurtherEigenvalues { get; init; } = [];

    /// <summary>
    /// The largest eigenvalue of P⁻¹H, which the threshold bounds where the optimiser divides by a P; null where it
    /// does not, and the threshold is one of <see cref="Sharpness"/>.
    /// </summary>
    public EigenvalueSeries? PreconditionedSharpness { get; init; }

    /// <summary>
    /// The largest curvature at which the optimiser is stable, 2/η for gradient descent; null where none applies.
    /// </summary>
    public double? StabilityThreshold { get; init; }

    /// <summary>The threshold as a formula of the step size η.</summary>
    public string ThresholdFormula { get; init; } = "2/η";

    /// <summary>Why no threshold applies; null where one does.</summary>
    public string? ThresholdNote { get; init; }

    /// <summary>
    /// The step at which the curvature rises above <see cref="StabilityThreshold"/>; null to take it from the series
    /// that this bounds.
    /// </summary>
    public long? EdgeStep { get; init; }

    /// <summary>A residual above this multiple of |θ| marks an eigenvalue as not converged.</summary>
    public double ResidualTolerance { get; init; } = 0.01;

    /// <summary>Share of samples whose loss rose, per step.</summary>
    public ReportSeries RiseFraction { get; init; } = ReportSeries.Empty;

    /// <summary>Share of all |loss change| that the top 1 % of samples hold, per step.</summary>
    public ReportSeries OutlierShare { get; init; } = ReportSeries.Empty;

    /// <summary>Pairs of opposing groups, the leading one first; null if none were looked for.</summary>
    public ImmutableArray<ReportPair>? Pairs { get; init; }

    /// <summary>That there is no pair, in few words.</summary>
    internal const string NothingFound = "No pair of opposing groups was found among the training samples.";

    /// <summary>What to say where there is no pair.</summary>
    public string NoPairs { get; init; } = NothingFound;

    /// <summary>
    /// Whether pairs are measured along eigenvectors of P⁻¹H, and have shares of the preconditioned sharpness.
    /// </summary>
    public bool ArePairsPreconditioned { get; init; }

    /// <summary>What carries the curvature that pairs have shares of; null if that was not measured.</summary>
    public SharpnessComposition? Composition { get; init; }

    /// <summary>The largest movers of the first spike past the edge, and of the last step.</summary>
    public ImmutableArray<ReportPair> Movers { get; init; } = [];

    /// <summary>The largest movers of steps that were asked for.</summary>
    public ImmutableArray<ReportDump> Dumps { get; init; } = [];

    /// <summary>Groups that were given by hand.</summary>
    public ImmutableArray<ReportGroup> Followed { get; init; } = [];

    /// <summary>Inputs that were put through the network at every step.</summary>
    public ImmutableArray<ReportProbe> Probes { get; init; } = [];

    /// <summary>Rises of the mean loss, largest first.</summary>
    public ImmutableArray<SpikeRecord> Spikes { get; init; } = [];

    /// <summary>What a reader should know before trusting the numbers.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}
