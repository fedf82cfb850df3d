using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>An orthonormal basis Q with the stored products AQ and the projection T = Qᵀ A Q.</summary>
/// <remarks>Because AQ is kept, residuals A Q y − θ Q y of any Ritz pair are exact and cost no product.</remarks>
internal sealed class RitzBasis : IDisposable
{
    private readonly ISymmetricOperator _operator;
    private readonly VectorBlock _vectors;
    private readonly VectorBlock _products;
    private readonly VectorBlock _scratch;
    private double[,] _projection;

    /// <summary>Allocates an empty basis.</summary>
    /// <param name="symmetric">The operator A.</param>
    /// <param name="capacity">Vectors it can hold.</param>
    /// <param name="scratch">Vectors that a thick restart may keep.</param>
    /// <exception cref="OutOfDeviceMemoryException">
    /// The device has no room for it; the message says how much it takes.
    /// </exception>
    public RitzBasis(ISymmetricOperator symmetric, int capacity, int scratch)
    {
        _operator = symmetric;
        VectorBlock?[] blocks = new VectorBlock?[3];
        try
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                int vectors = i < 2 ? capacity : scratch;
                blocks[i] = new VectorBlock(symmetric.Device, symmetric.Precision, vectors, symmetric.Dimension);
            }
        }
        catch (OutOfDeviceMemoryException e)
        {
            Array.ForEach(blocks, block => block?.Dispose());
            double mebibytes =
                ((2.0 * capacity) + scratch) * symmetric.Dimension * symmetric.Precision.Size() / 1048576;
            throw new OutOfDeviceMemoryException(
                $"{e.Message} A basis of {capacity} vectors of {symmetric.Dimension} elements takes {mebibytes:F1} MiB with its " +
                $"products: ask for fewer eigenpairs, or leave room with a smaller memory budget.", e);
        }

        (_vectors, _products, _scratch) = (blocks[0]!, blocks[1]!, blocks[2]!);
        _projection = new double[capacity, capacity];
        Ritz = SymmetricEigen.Of(_projection, 0);
    }

    /// <summary>Vectors that fit.</summary>
    public int Capacity => _vectors.Count;

    /// <summary>Vectors present.</summary>
    public int Count { get; private set; }

    /// <summary>Q, as rows.</summary>
    public VectorBlock Vectors => _vectors.Rows(0, Count);

    /// <summary>A Q, as rows.</summary>
    public VectorBlock ProductVectors => _products.Rows(0, Count);

    /// <summary>T, of shape [Count, Count].</summary>
    public double[,] Projection
    {
        get
        {
            double[,] projection = new double[Count, Count];
            for (int i = 0; i < Count; i++)
            {
                for (int j = 0; j < Count; j++)
                {
                    projection[i, j] = _projection[i, j];
                }
            }

            return projection;
        }
    }

    /// <summary>Eigenpairs θ, y of T.</summary>
    public SymmetricEigen Ritz { get; private set; }

    /// <summary>Operator applications so far, per vector.</summary>
    public int Products { get; private set; }

    /// <summary>Calls of the operator so far.</summary>
    public int BlockSteps { get; private set; }

    /// <summary>Largest |Ritz value| seen, a lower bound of ‖A‖₂.</summary>
    public double Scale { get; private set; }

    /// <summary>
    /// Adds the candidates' directions outside the basis and multiplies them. A device that runs ahead of the host
    /// multiplies zeros for dependent candidates: to know their number before would take a wait in each step, and they
    /// are rare.
    /// </summary>
    /// <param name="candidates">Directions, at most as many as fit; overwritten.</param>
    /// <returns>The number of vectors added.</returns>
    /// <exception cref="NonFiniteOperatorException">A product is not finite.</exception>
    public int Extend(VectorBlock candidates)
    {
        Device device = _vectors.Device;
        using var kept = new DeviceMatrix(device, 1, 1);
        BlockOrthonormalisation.Run(Vectors, candidates, _vectors.Rows(Count, candidates.Count), kept.Address);
        int count = device.RunsAhead ? candidates.Count : (int)kept.ToHost()[0, 0];
        if (count == 0)
        {
            return 0;
        }

        VectorBlock vectors = _vectors.Rows(Count, count), products = _products.Rows(Count, count);
        _operator.Apply(vectors, products);
        BlockSteps++;
        Products += count;

        // The columns of the projection, and in one more row the number of vectors: the host waits for both at once.
        using var step = new DeviceMatrix(device, Count + count + 1, count);
        _vectors.Rows(0, Count + count).WriteInnerProducts(products, step.Address);
        device.Copy(kept.Address, step.Element((Count + count) * count), sizeof(double));
        double[,] columns = step.ToHost();
        int added = (int)columns[Count + count, 0];
        if (added == 0)
        {
            return 0;
        }

        // Every element of a product enters these sums, and NaN or infinity times anything, zero included, is not
        // finite.
        for (int j = 0; j < added; j++)
        {
            for (int i = 0; i < Count + added; i++)
            {
                if (!double.IsFinite(columns[i, j]))
                {
                    throw new NonFiniteOperatorException(Products - count + j + 1);
                }
            }
        }

        for (int j = 0; j < added; j++)
        {
            for (int i = 0; i < Count; i++)
            {
                _projection[i, Count + j] = _projection[Count + j, i] = columns[i, j];
            }

            for (int i = 0; i < added; i++)
            {
                _projection[Count + i, Count + j] = 0.5 * (columns[Count + i, j] + columns[Count + j, i]);
            }
        }

        Count += added;
        Ritz = SymmetricEigen.Of(_projection, Count);
        Scale = Math.Max(Scale, Math.Max(Math.Abs(Ritz.Values[0]), Math.Abs(Ritz.Values[^1])));
        return added;
    }

    /// <summary>residuals_j = A Q y_i − θ_i Q y_i for i = indices_j.</summary>
    /// <returns>Their norms.</returns>
    public double[] Residuals(ReadOnlySpan<int> indices, VectorBlock residuals)
    {
        double[,] coefficients = Ritz.Columns(indices);
        double[] negative = new double[indices.Length];
        for (int j = 0; j < indices.Length; j++)
        {
            negative[j] = -Ritz.Values[indices[j]];
        }

        residuals.Combine(ProductVectors, coefficients);
        using DeviceMatrix shifts =
            DeviceMatrix.From(residuals.Device, SmallMatrix.ScaleColumns(coefficients, negative));
        using var inner = new DeviceMatrix(residuals.Device, indices.Length, indices.Length);
        residuals.Combine(Vectors, shifts, factor: 1, scale: 1, inner);
        double[,] gram = inner.ToHost();
        return [.. Enumerable.Range(0, gram.GetLength(0)).Select(j => Math.Sqrt(gram[j, j]))];
    }

    /// <summary>The Ritz vectors Q y_i for i = indices_j, as a block of their own.</summary>
    public VectorBlock RitzVectors(ReadOnlySpan<int> indices)
    {
        var vectors = new VectorBlock(_vectors.Device, _vectors.Precision, indices.Length, _vectors.Length);
        vectors.Combine(Vectors, Ritz.Columns(indices));
        return vectors;
    }

    /// <summary>
    /// Thick restart (Wu and Simon 2000): the basis becomes the Ritz vectors <paramref name="indices"/>.
    /// </summary>
    public void Restart(ReadOnlySpan<int> indices)
    {
        double[,] kept = Ritz.Columns(indices);

        // Rounding accumulates over restarts; one Newton step towards the polar factor, Y (3 I − Yᵀ Qᵀ Q Y) / 2, brings
        // the new basis back to orthonormality within one rounding of its elements.
        double[,] gram = SmallMatrix.Multiply(
            SmallMatrix.Transpose(kept), SmallMatrix.Multiply(Vectors.InnerProducts(Vectors), kept));
        double[] threes = new double[indices.Length];
        Array.Fill(threes, 1.5);
        kept = SmallMatrix.Multiply(kept, SmallMatrix.Sum(1, SmallMatrix.Diagonal(threes), -0.5, gram));

        double[,] projection = SmallMatrix.Multiply(
            SmallMatrix.Transpose(kept), SmallMatrix.Multiply(Projection, kept));
        VectorBlock rotated = _scratch.Rows(0, indices.Length);
        foreach (VectorBlock block in (ReadOnlySpan<VectorBlock>)[_vectors, _products])
        {
            rotated.Combine(block.Rows(0, Count), kept);
            block.Rows(0, indices.Length).CopyFrom(rotated);
        }

        Count = indices.Length;
        _projection = new double[Capacity, Capacity];
        for (int i = 0; i < Count; i++)
        {
            for (int j = 0; j < Count; j++)
            {
                _projection[i, j] = 0.5 * (projection[i, j] + projection[j, i]);
            }
        }

        Ritz = SymmetricEigen.Of(_projection, Count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _vectors.Dispose();
        _products.Dispose();
        _scratch.Dispose();
    }
}
