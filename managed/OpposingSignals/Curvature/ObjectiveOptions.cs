using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>Memory and batching of an <see cref="Objective"/>. Zero leaves a choice to the plan.</summary>
public sealed record ObjectiveOptions
{
    /// <summary>
    /// Samples of a micro-batch; results agree for all sizes up to rounding, except with batch normalisation in
    /// training mode, whose statistics are those of a micro-batch: the size is then a part of the objective and must be
    /// given.
    /// </summary>
    public int MicroBatch { get; init; }

    /// <summary>Which statistics batch normalisation uses.</summary>
    public BatchNormMode BatchNorm { get; init; }

    /// <summary>Whether dropout drops what its mask says; otherwise it is the identity.</summary>
    public bool Dropout { get; init; } = true;

    /// <summary>Vectors pushed through the network at once.</summary>
    public int VectorsAtOnce { get; init; }

    /// <summary>
    /// Weights w of the samples, one each, at least 0 and not all 0: the objective is then Σ wᵢ ℓᵢ / Σ wᵢ, and its
    /// weight 0 leaves a sample out. Null for the plain mean.
    /// </summary>
    public IReadOnlyList<double>? SampleWeights { get; init; }

    /// <summary>
    /// Bytes that data, primal and workspace may take; by default 60 % of the memory of this machine.
    /// </summary>
    public long MemoryBudget { get; init; }

    /// <summary>
    /// Whether only losses and outputs are wanted: nothing is packed, and one micro-batch's activations are held.
    /// </summary>
    public bool ForwardOnly { get; init; }
}
