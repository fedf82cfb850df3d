namespace OpposingSignals.Curvature;

/// <summary>Which curvature matrix a product is with. All are of the mean loss over the data set.</summary>
public enum ProductKind
{
    /// <summary>The Hessian H = ∇²L(θ).</summary>
    Hessian,

    /// <summary>
    /// The generalised Gauss-Newton matrix G = (1/N) Σ Jᵢᵀ ∇²ℓᵢ Jᵢ, Jᵢ the Jacobian of the outputs (Schraudolph 2002).
    /// </summary>
    GaussNewton,

    /// <summary>
    /// The empirical Fisher matrix F = (1/N) Σ ∇ℓᵢ ∇ℓᵢᵀ: the second moment of the samples' gradients. It is not the
    /// Fisher matrix (Kunstner, Balles and Hennig 2019, arXiv 1905.12558).
    /// </summary>
    EmpiricalFisher,
}
