using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>Turns residuals into better directions for the next products, without products.</summary>
internal interface IResidualCorrection
{
    /// <summary>Replaces residuals_j by an approximate solution t of (A − θ_j) t = −residuals_j outside the basis, up
    /// to a factor.</summary>
    /// <param name="basis">The present basis; the residuals are orthogonal to it.</param>
    /// <param name="values">Ritz values θ_j.</param>
    /// <param name="residuals">Residuals A v_j − θ_j v_j; overwritten.</param>
    void Correct(RitzBasis basis, ReadOnlySpan<double> values, VectorBlock residuals);
}
