using OpposingSignals.Curvature;
using OpposingSignals.Outliers;

namespace OpposingSignals.Training;

/// <summary>What is known at step t, before the parameters move on: everything is measured at θ_t.</summary>
public sealed record StepRecord
{
    /// <summary>t; 0 is the start.</summary>
    public required long Step { get; init; }

    /// <summary>Mean training loss.</summary>
    public required double Loss { get; init; }

    /// <summary>Training accuracy.</summary>
    public required double Accuracy { get; init; }

    /// <summary>‖∇L‖₂.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Mean test loss and accuracy; null where not measured.</summary>
    public Evaluation? Test { get; init; }

    /// <summary>The top eigenpairs, largest first; null where not measured.</summary>
    public IReadOnlyList<RitzPair>? Eigenpairs { get; init; }

    /// <summary>Hessian-vector products that the eigenpairs took.</summary>
    public int Products { get; init; }

    /// <summary>
    /// The largest eigenvalue of P⁻¹H, P that of the optimiser's next step; null where it has none, or where not
    /// measured.
    /// </summary>
    public RitzPair? Preconditioned { get; init; }

    /// <summary>Hessian-vector products that <see cref="Preconditioned"/> took.</summary>
    public int PreconditionedProducts { get; init; }

    /// <summary>How the samples' losses moved since the step before.</summary>
    public required StepSummary Samples { get; init; }

    /// <summary>
    /// The leading pair of the last search, and where its camps' losses are; null while none is found.
    /// </summary>
    public LeadingPair? Leading { get; init; }
}

/// <summary>The leading pair at a step.</summary>
/// <param name="Pair">The pair as last found.</param>
/// <param name="UpLoss">Mean loss of its first camp at this step.</param>
/// <param name="DownLoss">Mean loss of the camp that opposes it.</param>
public sealed record LeadingPair(FollowedPair Pair, double UpLoss, double DownLoss);

/// <summary>Why training ended.</summary>
public enum TrainingOutcome
{
    /// <summary>All steps were taken.</summary>
    StepsTaken,

    /// <summary>The accuracy to stop at was exceeded.</summary>
    AccuracyReached,

    /// <summary>The loss fell below the one to stop at.</summary>
    LossReached,

    /// <summary>Cancellation was asked for.</summary>
    Interrupted,

    /// <summary>The loss or the gradient is no longer finite.</summary>
    Diverged,
}
