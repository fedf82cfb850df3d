using OpposingSignals.Optimizers;

namespace OpposingSignals.Runs;

/// <summary>Columns of a run's metrics that more than one part knows by name.</summary>
public static class MetricsColumns
{
    /// <summary>The largest eigenvalue of the Hessian H.</summary>
    public const string Sharpness = "sharpness";

    /// <summary>The largest eigenvalue of P⁻¹H; there only where the optimiser divides by a P.</summary>
    public const string PreconditionedSharpness = "preconditioned_sharpness";

    /// <summary>The curvature that <see cref="Optimizer.StabilityThreshold"/> bounds.</summary>
    public static string Bounded(Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        return optimizer.IsPreconditioned ? PreconditionedSharpness : Sharpness;
    }
}
