using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Ritz vectors W of earlier operators with their values μ, kept to model the present one without products.
/// </summary>
/// <remarks>
/// The model is A ≈ Σ μ_i w_i w_iᵀ outside the basis of the running solve, with everything else at zero, where the bulk
/// of a training Hessian lies. It serves as the preconditioner of the generalised Davidson method (Morgan and Scott
/// 1986); its inverse is a low-rank correction of the identity. All true products of a solve flow back into it.
/// </remarks>
internal sealed class RecycledSpace : IResidualCorrection, IDisposable
{
    // Recycled directions with less than this share of their squared length outside the basis are known already.
    private const double KnownShare = 0.05;

    // Smallest distance of the model's eigenvalues to a Ritz value, relative to the scale, that still steers.
    private const double SmallestGap = 0.01;

    // Smallest distance of the bulk to a Ritz value, relative to the scale.
    private const double SmallestBulkGap = 0.1;

    private readonly int _capacity;
    private VectorBlock _vectors;

    /// <summary>Makes an empty space for up to <paramref name="capacity"/> vectors.</summary>
    public RecycledSpace(Device device, Precision precision, long dimension, int capacity)
    {
        _capacity = capacity;
        _vectors = new VectorBlock(device, precision, 0, dimension);
    }

    /// <summary>The vectors, orthonormal to rounding; those of largest |μ| first.</summary>
    public VectorBlock Vectors => _vectors;

    /// <summary>The model's eigenvalues μ.</summary>
    public double[] Values { get; private set; } = [];

    /// <summary>Replaces the content.</summary>
    public void Load(VectorBlock vectors, double[] values)
    {
        var copy = new VectorBlock(_vectors.Device, _vectors.Precision, vectors.Count, _vectors.Length);
        copy.CopyFrom(vectors);
        _vectors.Dispose();
        _vectors = copy;
        Values = [.. values];
    }

    /// <inheritdoc/>
    public void Correct(RitzBasis basis, ReadOnlySpan<double> values, VectorBlock residuals)
    {
        if (_vectors.Count == 0)
        {
            return;
        }

        Outside outside = Project(basis, residuals, out double[,] ofResiduals);
        SymmetricEigen model = SymmetricEigen.Of(outside.Projection, outside.Projection.GetLength(0));
        double[,] vectors = SmallMatrix.Multiply(outside.Whitening, model.Vectors);

        // t = r / λ + Σ h_i-part · (1 / (λ − h_i) − 1 / λ), times λ.
        double[,] parts = SmallMatrix.Multiply(SmallMatrix.Transpose(vectors), ofResiduals);
        for (int j = 0; j < values.Length; j++)
        {
            double bulk = AwayFromZero(values[j], SmallestBulkGap * basis.Scale);
            for (int i = 0; i < model.Values.Length; i++)
            {
                double gap = AwayFromZero(values[j] - model.Values[i], SmallestGap * basis.Scale);
                parts[i, j] *= (bulk / gap) - 1;
            }
        }

        residuals.Combine(_vectors, SmallMatrix.Multiply(vectors, parts), 1);
    }

    /// <summary>
    /// Takes up what a solve has learnt: Rayleigh-Ritz over the rest of its basis and the recycled vectors.
    /// </summary>
    /// <param name="basis">The basis of the finished solve.</param>
    /// <param name="solved">Ritz pairs of the basis that are returned, and so kept out of this space.</param>
    public void Absorb(RitzBasis basis, ReadOnlySpan<int> solved)
    {
        HashSet<int> returned = [.. solved];
        int[] rest = [.. Enumerable.Range(0, basis.Count).Where(i => !returned.Contains(i))];
        double[,] restVectors = basis.Ritz.Columns(rest);
        Outside outside = Project(basis, _vectors.Rows(0, 0), out _);
        double[,] coupling = SmallMatrix.Multiply(
            SmallMatrix.Transpose(outside.Whitening), SmallMatrix.Multiply(outside.Coupling, restVectors));
        int known = rest.Length, size = known + outside.Projection.GetLength(0);
        double[,] combined = new double[size, size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                combined[i, j] = combined[j, i] = i < known
                    ? (i == j ? basis.Ritz.Values[rest[i]] : 0)
                    : j < known ? coupling[i - known, j] : outside.Projection[i - known, j - known];
            }
        }

        SymmetricEigen eigen = SymmetricEigen.Of(combined, size);
        int[] kept = [.. Enumerable.Range(0, size).OrderByDescending(i => Math.Abs(eigen.Values[i])).Take(_capacity)];
        double[,] inBasis = new double[known, kept.Length], inOutside = new double[size - known, kept.Length];
        for (int j = 0; j < kept.Length; j++)
        {
            for (int i = 0; i < size; i++)
            {
                (i < known ? inBasis : inOutside)[i < known ? i : i - known, j] = eigen.Vectors[i, kept[j]];
            }
        }

        double[,] ofRecycled = SmallMatrix.Multiply(outside.Whitening, inOutside);
        double[,] ofBasis = SmallMatrix.Sum(
            1, SmallMatrix.Multiply(restVectors, inBasis),
            -1, SmallMatrix.Multiply(SmallMatrix.Transpose(outside.Inner), ofRecycled));
        var vectors = new VectorBlock(_vectors.Device, _vectors.Precision, kept.Length, _vectors.Length);
        if (kept.Length > 0)
        {
            vectors.Combine(basis.Vectors, ofBasis);
            if (_vectors.Count > 0)
            {
                vectors.Combine(_vectors, ofRecycled, 1);
            }
        }

        _vectors.Dispose();
        _vectors = vectors;
        Values = [.. kept.Select(i => eigen.Values[i])];
    }

    /// <inheritdoc/>
    public void Dispose() => _vectors.Dispose();

    private static double AwayFromZero(double value, double least) =>
        Math.Abs(value) >= least ? value : value < 0 ? -least : least;

    // The part of the recycled vectors outside the basis, W − Q Qᵀ W, and the model of the operator on it; with them,
    // in the one wait that this takes, Wᵀ R.
    private Outside Project(RitzBasis basis, VectorBlock residuals, out double[,] ofResiduals)
    {
        double[][,] measured = VectorBlock.AllInnerProducts(
            (_vectors, basis.Vectors), (_vectors, basis.ProductVectors), (_vectors, _vectors), (_vectors, residuals));
        (double[,] inner, double[,] products) = (measured[0], measured[1]);
        ofResiduals = measured[3];
        double[,] innerTransposed = SmallMatrix.Transpose(inner);
        double[,] ofBasis = SmallMatrix.Multiply(inner, basis.Projection);

        double[,] gram = SmallMatrix.Sum(
            1, measured[2], -1, SmallMatrix.Multiply(inner, innerTransposed));
        SymmetricEigen lengths = SymmetricEigen.Of(gram, Values.Length);
        int[] kept = [.. Enumerable.Range(0, Values.Length).Where(i => lengths.Values[i] > KnownShare)];
        double[,] whitening = SmallMatrix.ScaleColumns(
            lengths.Columns(kept), [.. kept.Select(i => 1 / Math.Sqrt(lengths.Values[i]))]);

        // (W − Q P)ᵀ A (W − Q P) with the true products A Q and the model diag(μ) for Wᵀ A W.
        double[,] cross = SmallMatrix.Multiply(products, innerTransposed);
        double[,] projection = SmallMatrix.Sum(
            1, SmallMatrix.Diagonal(Values), -1, SmallMatrix.Sum(1, cross, 1, SmallMatrix.Transpose(cross)));
        projection = SmallMatrix.Sum(1, projection, 1, SmallMatrix.Multiply(ofBasis, innerTransposed));
        projection =
            SmallMatrix.Multiply(SmallMatrix.Transpose(whitening), SmallMatrix.Multiply(projection, whitening));
        return new Outside(inner, whitening, projection, SmallMatrix.Sum(1, products, -1, ofBasis));
    }

    // Inner = Wᵀ Q; Whitening S with Sᵀ (WᵀW − Inner Innerᵀ) S = I; Projection = Sᵀ W'ᵀ A W' S; Coupling = W'ᵀ A Q.
    private sealed record Outside(double[,] Inner, double[,] Whitening, double[,] Projection, double[,] Coupling);
}
