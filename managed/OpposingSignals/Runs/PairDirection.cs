using OpposingSignals.Curvature;

namespace OpposingSignals.Runs;

/// <summary>
/// The direction along which a pair's camps oppose each other most, of the first <see cref="StabilityDirections"/>. Past the edge several eigenvalues lie above the threshold, each with pairs of its own: what a pair
/// carries of the top one then says little.
/// </summary>
public sealed record PairDirection
{
    /// <summary>Place j of the eigenvalue among all, 1 being the largest.</summary>
    public required int Number { get; init; }

    /// <summary>λ_j.</summary>
    public required double Eigenvalue { get; init; }

    /// <summary>Σ_{i in pair} v_jᵀ∇²ℓᵢv_j / Σ_i v_jᵀ∇²ℓᵢv_j; a share below 0 or above 1 is possible.</summary>
    public required double Share { get; init; }

    /// <summary>(g_up·v_j)(g_down·v_j) / (|g_up||g_down|), g the camps' mean loss gradients.</summary>
    public required double GradientProduct { get; init; }

    /// <summary>v_jᵀ∇²ℓᵢv_j of the pair's strongest members against that of random samples.</summary>
    public required OutlierCheck Curvature { get; init; }
}
