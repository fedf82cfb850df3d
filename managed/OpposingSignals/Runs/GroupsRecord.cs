using System.Text.Json;
using System.Text.Json.Serialization;
using OpposingSignals.Curvature;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;
using OpposingSignals.Runs.Signals;

namespace OpposingSignals.Runs;

/// <summary>The opposing groups of a run as kept in <c>samples/groups.json</c>.</summary>
public sealed record GroupsRecord
{
    /// <summary>The step at which everything was measured.</summary>
    public required long Step { get; init; }

    /// <summary>First and last step of the loss changes that the groups were found in.</summary>
    public required long WindowFirst { get; init; }

    /// <inheritdoc cref="WindowFirst"/>
    public required long WindowLast { get; init; }

    /// <summary>
    /// The largest eigenvalue of the Hessian at <see cref="Step"/>, its residual, and whether it converged.
    /// </summary>
    public double Sharpness { get; init; }

    /// <inheritdoc cref="Sharpness"/>
    public double SharpnessResidual { get; init; }

    /// <inheritdoc cref="Sharpness"/>
    public bool SharpnessConverged { get; init; }

    /// <summary>
    /// The largest eigenvalue of P⁻¹H at <see cref="Step"/>, P being what the optimiser divides its next step by; null
    /// where it divides by nothing. Where there is a P, the pairs are measured along the eigenvectors of P⁻¹H.
    /// </summary>
    public double? PreconditionedSharpness { get; init; }

    /// <summary>Whether the eigenvector converged along which shares are taken.</summary>
    public bool DirectionsConverged { get; init; } = true;

    /// <summary>What the pairs have shares of: the curvature by which the optimiser's steps are stable or not.</summary>
    [JsonIgnore]
    public string BoundedCurvature => Optimizer.CurvatureName(PreconditionedSharpness is not null);

    /// <summary>What the loss is, in words: the mean, and the mode of batch normalisation.</summary>
    public string? LossConvention { get; init; }

    /// <summary>
    /// Whether shares and gradients of the pairs were measured with running statistics, because batch statistics, with
    /// which the sharpness was measured, couple the samples.
    /// </summary>
    public bool SamplesInEvaluationMode { get; init; }

    /// <summary>Precision and recall against groups known in advance; null where none are known.</summary>
    public double? Precision { get; init; }

    /// <inheritdoc cref="Precision"/>
    public double? Recall { get; init; }

    /// <summary>
    /// The steps at which the mean loss rose by more than 2 %, largest rise first, and what the pairs had to do with
    /// them.
    /// </summary>
    public IReadOnlyList<SpikeRecord> Spikes { get; init; } = [];

    /// <summary>
    /// Share ‖v_l‖² / ‖v‖² in every parameter tensor of the leading of the <see cref="StabilityDirections"/>.
    /// </summary>
    public IReadOnlyList<LayerShareRecord> LayerShares { get; init; } = [];

    /// <summary>
    /// What carries the sharpness halfway between the last two iterates; null in a file of an earlier version.
    /// </summary>
    public SharpnessComposition? Composition { get; init; }

    /// <summary>
    /// The largest movers, as published, of the first spike after the edge was reached, and of the last step; where the
    /// losses are at hand.
    /// </summary>
    public IReadOnlyList<MoversRecord> Movers { get; init; } = [];

    /// <summary>The pairs, the one that moves most first.</summary>
    public required IReadOnlyList<PairRecord> Pairs { get; init; }

    /// <summary>What to say where the search found no pair, in a sentence or two for a person.</summary>
    public string ExplainNoPairs() =>
        $"No pair was found: no two groups of samples with large loss changes moved against each other at steps " +
        $"{WindowFirst} to {WindowLast}. Groups are told apart by how they move over some dozens of steps past the edge of " +
        "stability; a longer run, or one measured more often along more eigenvectors, may show some.";

    /// <summary>What the last analysis of a run found.</summary>
    /// <exception cref="InputException">There was none, or its file is damaged.</exception>
    public static GroupsRecord Read(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!File.Exists(folder.Groups))
        {
            throw new InputException($"{folder.Root} has no analysis yet. Run 'opsig outliers {folder.Root}' first.");
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(folder.Groups), RunJson.Default.GroupsRecord)
                ?? throw new InputException($"{folder.Groups} is damaged: it is empty.");
        }
        catch (JsonException e)
        {
            throw new InputException($"{folder.Groups} is damaged: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}

/// <summary>
/// One pair of opposing groups. Gradients and curvatures are those halfway between the last two iterates.
/// </summary>
public sealed record PairRecord
{
    /// <summary>
    /// The name that the pair keeps through the run, and by which <see cref="SampleSelection"/> knows it.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The step at which it was first found; null for the largest movers, which no search finds.</summary>
    public long? FirstStep { get; init; }

    /// <summary>
    /// Mean |A ∩ B| / |A ∪ B| of its samples from one search to the next; null where it was found once.
    /// </summary>
    public double? Stability { get; init; }

    /// <summary>How likely chance alone gives it; null where that was not tested.</summary>
    public PairSignificance? Significance { get; init; }

    /// <summary>
    /// Correlation of the difference of the camps' losses' consecutive changes; −1 for an oscillation of period 2.
    /// </summary>
    public double? ConsecutiveCorrelation { get; init; }

    /// <summary>Whether its members are outliers beside random samples.</summary>
    public OutlierChecks? Checks { get; init; }

    /// <summary>
    /// Correlation of the camps' mean loss changes from <see cref="OpposedFrom"/> to <see cref="OpposedTo"/>.
    /// </summary>
    public required double TrajectoryOpposition { get; init; }

    /// <summary>
    /// First and last step, of the window, between which the camps oppose each other; null in older records.
    /// </summary>
    public long? OpposedFrom { get; init; }

    /// <inheritdoc cref="OpposedFrom"/>
    public long? OpposedTo { get; init; }

    /// <summary>Share of Σ d² of the window.</summary>
    public required double EnergyShare { get; init; }

    /// <summary>
    /// Σ_{i in pair} vᵀH_i v / Σ_i vᵀH_i v, v the leading of the <see cref="StabilityDirections"/>; a share below 0 or
    /// above 1 is possible.
    /// </summary>
    public required double SharpnessShare { get; init; }

    /// <summary>Cosine of the camps' mean loss gradients.</summary>
    public required double GradientCosine { get; init; }

    /// <summary>(g_up·v)(g_down·v) / (|g_up||g_down|) there: the same along v.</summary>
    public required double GradientProductAlongTop { get; init; }

    /// <summary>The direction that it belongs to; null in a file of an earlier version.</summary>
    public PairDirection? Direction { get; init; }

    /// <summary>What its camps share and what divides them.</summary>
    public SignalRecord? Signal { get; init; }

    /// <summary>The camp whose losses rise on even steps.</summary>
    public required CampRecord Up { get; init; }

    /// <summary>The camp that moves against it.</summary>
    public required CampRecord Down { get; init; }
}

/// <summary>One camp of a pair.</summary>
public sealed record CampRecord
{
    /// <summary>Samples, strongest first.</summary>
    public required IReadOnlyList<int> Indices { get; init; }

    /// <summary>Root-mean-square loss change of each along the pair.</summary>
    public required IReadOnlyList<double> Strengths { get; init; }

    /// <summary>mean_t sign(d_t)(−1)^t of the camp's mean loss change.</summary>
    public required double Alternation { get; init; }
}

/// <summary>A rise of the mean loss.</summary>
/// <param name="Step">The step at whose end the loss was higher.</param>
/// <param name="Rise">Relative rise of the mean loss.</param>
/// <param name="Pair">The pair that moved it most; null without pairs.</param>
/// <param name="Explained">Share of the rise that lies in that pair's samples: Σ_pair d / Σ d.</param>
/// <param name="RisersShare">Share of all rising samples' rise Σ max(d, 0) that lies in that pair.</param>
/// <param name="StrongestShare">The same of the hundredth of all samples that rose most.</param>
public sealed record SpikeRecord(
    long Step, double Rise, string? Pair, double? Explained, double? RisersShare, double? StrongestShare = null);

/// <summary>
/// The samples whose losses moved most at one step, as a pair of groups that was chosen by nothing else.
/// </summary>
/// <param name="Step">The step.</param>
/// <param name="Pair">Those that rose most against those that fell most.</param>
public sealed record MoversRecord(long Step, PairRecord Pair);

/// <summary>A parameter tensor's share of a direction.</summary>
/// <param name="Name">PyTorch's name.</param>
/// <param name="Share">‖v_l‖² / ‖v‖².</param>
public sealed record LayerShareRecord(string Name, double Share);
