namespace OpposingSignals.Curvature;

/// <summary>An approximate eigenvalue λ with the residual of its unit vector v. An eigenvalue lies within
/// <paramref name="Residual"/> of λ (Parlett, The Symmetric Eigenvalue Problem, 1998, theorem 4.5.1).</summary>
/// <param name="Value">λ = vᵀ A v.</param>
/// <param name="Residual">‖A v − λ v‖₂, in units of λ.</param>
/// <param name="RelativeResidual">Residual / max(|λ|, s), where s is the largest |Ritz value| seen in the solve, a
/// lower bound of ‖A‖₂; 0 where both are 0.</param>
/// <param name="Converged">Whether the relative residual is at most the tolerance.</param>
public readonly record struct RitzPair(double Value, double Residual, double RelativeResidual, bool Converged);
