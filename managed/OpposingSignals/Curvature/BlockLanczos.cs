using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Block Lanczos with thick restart and full two-pass re-orthogonalisation for the ends of a spectrum.
/// </summary>
/// <remarks>
/// <para>Thick restart: Wu and Simon, SIAM J. Matrix Anal. Appl. 22 (2000) 602. Converged vectors stay in the basis but
/// are not expanded. The projected problem is solved in float64 on the host; inner products are accumulated in float64
/// also where the vectors are float32.</para>
/// <para>A multiple eigenvalue is found as often as it occurs where the block is at least as wide as its multiplicity
/// or the Krylov space ends before enough pairs are found. A warm start is trusted: a vector that satisfies the
/// tolerance is returned after one product, whichever eigenvector it approximates.</para>
/// <para>Results are bitwise reproducible where the operator is.</para>
/// </remarks>
/// <param name="options">What is wanted.</param>
public sealed class BlockLanczos(LanczosOptions options)
{
    /// <summary>What is wanted.</summary>
    public LanczosOptions Options { get; } = Checked(options);

    /// <summary>Finds eigenpairs.</summary>
    /// <param name="symmetric">The operator; its products must be symmetric to rounding.</param>
    /// <param name="start">
    /// Warm-start vectors, most wanted first, possibly dependent; none starts from random ones.
    /// </param>
    /// <param name="cancellation">Asked before each block of products.</param>
    /// <exception cref="NonFiniteOperatorException">A product holds NaN or infinity.</exception>
    /// <exception cref="ArgumentException">The operator is empty or the start vectors do not fit it.</exception>
    /// <exception cref="OperationCanceledException">Cancellation was asked for.</exception>
    public EigenSolution Solve(
        ISymmetricOperator symmetric, VectorBlock? start = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(symmetric);
        if (symmetric.Dimension < 1)
        {
            throw new ArgumentException("An operator of dimension 0 has no eigenpairs.", nameof(symmetric));
        }

        if (start is not null && (start.Length != symmetric.Dimension || start.Precision != symmetric.Precision))
        {
            throw new ArgumentException(
                $"Start vectors of length {start.Length} ({start.Precision}) do not fit an operator of dimension " +
                $"{symmetric.Dimension} ({symmetric.Precision}).", nameof(start));
        }

        using RitzBasis basis = RitzIteration.CreateBasis(symmetric, Options);
        return new RitzIteration(symmetric, Options, basis, correction: null).Run(start, required: 0, cancellation);
    }

    private static LanczosOptions Checked(LanczosOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }
}
