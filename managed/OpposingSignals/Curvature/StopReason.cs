namespace OpposingSignals.Curvature;

/// <summary>Why an eigensolver stopped.</summary>
public enum StopReason
{
    /// <summary>Every wanted pair reached the tolerance.</summary>
    Converged,

    /// <summary>
    /// The limit of products was reached first, by pairs short of the tolerance, which are marked, or before a start from
    /// random vectors had the steps that <see cref="LanczosOptions.Tolerance"/> tells of.
    /// </summary>
    ProductLimit,

    /// <summary>
    /// Residuals reached the rounding level of the operator above the tolerance; those pairs are marked.
    /// </summary>
    PrecisionLimit,
}
