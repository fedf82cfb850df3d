using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// A fixed θ at which loss, gradient and every curvature product are taken. Activations and cotangents of the whole
/// data set are computed once, where memory allows, and shared by all products.
/// </summary>
/// <remarks>
/// With the primal kept, a linear or convolution layer costs 6 products for a Hessian-vector product, 4 for a
/// Gauss-Newton product and 3 for a gradient. A point is valid until its objective is evaluated or linearised again.
/// </remarks>
public sealed class LinearizationPoint
{
    private readonly Objective _objective;

    internal LinearizationPoint(Objective objective, VectorBlock parameters, bool hasPrimal)
    {
        _objective = objective;
        Parameters = parameters;
        HasPrimal = hasPrimal;
        Loss = objective.MeanLoss();
        Accuracy = objective.Accuracy;
    }

    /// <summary>θ.</summary>
    public VectorBlock Parameters { get; }

    /// <summary>Mean loss L(θ), weighted where the objective is.</summary>
    public double Loss { get; }

    /// <summary>Share of targets that are the largest output: of samples, or of all positions of all samples.</summary>
    public double Accuracy { get; }

    /// <summary>ℓᵢ(θ) of every sample.</summary>
    public ReadOnlySpan<double> SampleLosses
    {
        get
        {
            _objective.RequireCurrent(this);
            return _objective.SampleLosses;
        }
    }

    /// <summary>∇L(θ), one vector; owned by the objective and overwritten at the next point.</summary>
    public VectorBlock Gradient
    {
        get
        {
            _objective.RequireCurrent(this);
            return _objective.GradientBlock;
        }
    }

    /// <summary>Whether the primal is in memory, so that products need not recompute it.</summary>
    internal bool HasPrimal { get; }

    /// <summary>
    /// products_j = A v_j, with A the Hessian, Gauss-Newton or empirical Fisher matrix, for K vectors at once.
    /// </summary>
    /// <param name="kind">Which matrix.</param>
    /// <param name="vectors">V [K, P].</param>
    /// <param name="products">[K, P], overwritten; must not overlap the vectors.</param>
    /// <exception cref="InputException">
    /// Batch normalisation in training mode couples the samples, and the empirical Fisher matrix needs gradients of
    /// single ones.
    /// </exception>
    public void Multiply(ProductKind kind, VectorBlock vectors, VectorBlock products)
    {
        Require(vectors);
        Require(products);
        if (vectors.Count != products.Count)
        {
            throw new ArgumentException(
                $"{vectors.Count} vectors give {vectors.Count} products, not {products.Count}.");
        }

        if (kind == ProductKind.EmpiricalFisher)
        {
            _objective.RequireSeparateSamples();
        }

        _objective.Multiply(this, kind, vectors, products);
    }

    /// <summary>wᵢ ⟨∇ℓᵢ, v_j⟩ for every sample: row j, column i. Their mean over samples is ⟨∇L, v_j⟩.</summary>
    /// <exception cref="InputException">Batch normalisation in training mode couples the samples.</exception>
    public double[] SampleSlopes(VectorBlock vectors) =>
        SampleDerivatives(vectors, slopes: true, curvatures: false).Slopes;

    /// <summary>wᵢ v_jᵀ ∇²ℓᵢ v_j for every sample: row j, column i. Their mean over samples is v_jᵀ H v_j.</summary>
    /// <exception cref="InputException">Batch normalisation in training mode couples the samples.</exception>
    public double[] SampleCurvatures(VectorBlock vectors) =>
        SampleDerivatives(vectors, slopes: false, curvatures: true).Curvatures;

    /// <summary>
    /// <see cref="SampleSlopes"/> and <see cref="SampleCurvatures"/> from one tangent pass, to the same bits.
    /// </summary>
    /// <exception cref="InputException">Batch normalisation in training mode couples the samples.</exception>
    public (double[] Slopes, double[] Curvatures) SampleDerivatives(VectorBlock vectors) =>
        SampleDerivatives(vectors, slopes: true, curvatures: true);

    /// <summary>J_i v_j of every sample, [K, N, outputs]: how its outputs move along each direction.</summary>
    public double[] OutputTangents(VectorBlock vectors)
    {
        Require(vectors);
        int size = _objective.Network.Outputs;
        double[] tangents = new double[(long)vectors.Count * _objective.SampleCount * size];
        _objective.OverBatches(this, (batch, primal) =>
        {
            foreach ((int first, int count) in _objective.Plan.Chunks(vectors.Count))
            {
                double[] ofBatch = _objective.OutputTangents(batch, primal, Parameters, vectors.Rows(first, count));
                for (int j = 0; j < count; j++)
                {
                    ofBatch.AsSpan(j * batch.Samples * size, batch.Samples * size)
                        .CopyTo(tangents.AsSpan((((first + j) * _objective.SampleCount) + batch.First) * size));
                }
            }
        });
        return tangents;
    }

    /// <summary>
    /// Says that a step of training is taken from here: batch normalisation in training mode adds the statistics of
    /// this point's micro-batches to its running ones, once. No quantity of this objective depends on them.
    /// </summary>
    public void UpdateRunningStatistics()
    {
        _objective.RequireCurrent(this);
        _objective.UpdateRunningStatistics();
    }

    private (double[] Slopes, double[] Curvatures) SampleDerivatives(VectorBlock vectors, bool slopes, bool curvatures)
    {
        Require(vectors);
        _objective.RequireSeparateSamples();
        int samples = _objective.SampleCount;
        double[] first = new double[slopes ? vectors.Count * samples : 0];
        double[] second = new double[curvatures ? vectors.Count * samples : 0];
        _objective.OverBatches(this, (batch, primal) =>
        {
            foreach ((int chunk, int count) in _objective.Plan.Chunks(vectors.Count))
            {
                _objective.AddSampleDerivatives(
                    batch, primal, Parameters, vectors.Rows(chunk, count),
                    slopes ? first.AsSpan(chunk * samples) : [], curvatures ? second.AsSpan(chunk * samples) : []);
            }
        });
        return (first, second);
    }

    private void Require(VectorBlock vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        _objective.RequireCurrent(this);
        if (vectors.Length != Parameters.Length || vectors.Precision != Parameters.Precision
            || vectors.Device != Parameters.Device)
        {
            throw new ArgumentException(
                $"Directions are vectors of {Parameters.Length} {Parameters.Precision} elements on " +
                $"{Parameters.Device.Name}; got {vectors.Length} {vectors.Precision} on {vectors.Device.Name}.");
        }
    }
}
