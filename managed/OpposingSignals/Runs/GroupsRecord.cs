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

    /// <summary>The largest eigenvalue of the Hessian at <see cref="Step"/>, its residual, and whether it converged.</summary>
    public double Sharpness { get; init; }

    /// <inheritdoc cref="Sharpness"/>
    public double SharpnessResidual { get; init; }

    /// <inheritdoc cref="Sharpness"/>
    public bool SharpnessConverged { get; init; }

    /// <summary>What the loss is, in words: the mean, and the mode of batch normalisation.</summary>
    public string? LossConvention { get; init; }

    /// <summary>
    /// Whether shares and gradients of the pairs were measured with running statistics, because batch statistics, with which
    /// the sharpness was measured, couple the samples.
    /// </summary>
    public bool SamplesInEvaluationMode { get; init; }

    /// <summary>Precision and recall against groups known in advance; null where none are known.</summary>
    public double? Precision { get; init; }

    /// <inheritdoc cref="Precision"/>
    public double? Recall { get; init; }

    /// <summary>The pairs, the one that moves most first.</summary>
    public required IReadOnlyList<PairRecord> Pairs { get; init; }
}

/// <summary>One pair of opposing groups.</summary>
public sealed record PairRecord
{
    /// <summary>Correlation of the camps' mean loss changes over the window.</summary>
    public required double TrajectoryOpposition { get; init; }

    /// <summary>Share of Σ d² of the window.</summary>
    public required double EnergyShare { get; init; }

    /// <summary>Σ_{i in pair} vᵀH_i v / Σ_i vᵀH_i v, v the top eigenvector; a share below 0 or above 1 is possible.</summary>
    public required double SharpnessShare { get; init; }

    /// <summary>Cosine of the camps' mean loss gradients at the midpoint of the last step.</summary>
    public required double GradientCosine { get; init; }

    /// <summary>(g_up·v)(g_down·v) / (|g_up||g_down|) there: the same along the top eigenvector.</summary>
    public required double GradientProductAlongTop { get; init; }

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
