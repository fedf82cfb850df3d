using OpposingSignals.Devices;
using OpposingSignals.Optimizers;

namespace OpposingSignals.Curvature;

/// <summary>
/// The directions along which the steps of an optimiser become unstable: unit vectors v_j with H v_j = λ_j P v_j, H the
/// Hessian and P what the steps divide by. Where they divide by nothing, P = I and these are H's eigenvectors.
/// </summary>
/// <remarks>
/// <para>
/// They are v_j = P⁻¹ᐟ² u_j / |P⁻¹ᐟ² u_j| of the eigenvectors u_j of P⁻¹ᐟ² H P⁻¹ᐟ², so that λ_j = v_jᵀHv_j / v_jᵀPv_j.
/// Both v_jᵀPv_k and v_jᵀHv_k vanish for j ≠ k, but v_jᵀv_k need not. Of unit length, because P grows by orders of
/// magnitude in the first steps: with vᵀPv = 1 these would outweigh all later ones wherever slopes of several steps are
/// laid side by side.
/// </para>
/// <para>
/// The change θ' = θ + Σ_j a_j v_j + r, r being P-orthogonal to all of them, has the coordinates
/// a_j = v_jᵀP(θ' − θ) / v_jᵀPv_j.
/// </para>
/// </remarks>
public sealed class StabilityDirections : IDisposable
{
    private readonly bool _owns;
    private readonly double[] _squares;

    /// <summary>Takes eigenvectors to directions.</summary>
    /// <param name="solution">
    /// Eigenpairs of H, or of <see cref="PreconditionedOperator"/>; to be kept as long as the directions.
    /// </param>
    /// <param name="preconditioner">P, where the eigenpairs are those with it; null for P = I.</param>
    public StabilityDirections(EigenSolution solution, Preconditioner? preconditioner)
    {
        ArgumentNullException.ThrowIfNull(solution);
        Pairs = solution.Pairs;
        if (preconditioner is null)
        {
            Vectors = solution.Vectors;
            _squares = [.. Pairs.Select(_ => 1.0)];
            return;
        }

        VectorBlock eigenvectors = solution.Vectors;
        using var scaled =
            new VectorBlock(eigenvectors.Device, eigenvectors.Precision, eigenvectors.Count, eigenvectors.Length);
        preconditioner.MultiplyByInverseRoot(eigenvectors, scaled);
        double[] lengths = scaled.Norms();
        double[,] normalise = new double[lengths.Length, lengths.Length];
        for (int j = 0; j < lengths.Length; j++)
        {
            normalise[j, j] = 1 / lengths[j];
        }

        _owns = true;
        Vectors =
            new VectorBlock(eigenvectors.Device, eigenvectors.Precision, eigenvectors.Count, eigenvectors.Length);
        Vectors.Combine(scaled, normalise);

        // u has unit length, and u = P¹ᐟ² v |P⁻¹ᐟ² u|.
        _squares = [.. lengths.Select(length => 1 / (length * length))];
    }

    /// <summary>λ_j with the residuals of the eigenvectors u_j.</summary>
    public IReadOnlyList<RitzPair> Pairs { get; }

    /// <summary>v_j, one row each.</summary>
    public VectorBlock Vectors { get; }

    /// <summary>a_j of a change of θ.</summary>
    /// <param name="undivided">P times the change; see <see cref="Optimizer.UndividedChange"/>.</param>
    public double[] Coordinates(VectorBlock undivided)
    {
        double[,] along = Vectors.InnerProducts(undivided);
        return [.. _squares.Select((square, j) => along[j, 0] / square)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
        {
            Vectors.Dispose();
        }
    }
}
