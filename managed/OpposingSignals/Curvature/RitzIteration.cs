using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>The loop shared by the eigensolvers: extend the basis, project, test residuals, restart.</summary>
/// <remarks>
/// Without a correction the basis grows by residuals of Ritz pairs. In exact arithmetic these span the next block of
/// the Krylov space, so that this is block Lanczos with thick restart (Wu and Simon 2000) and soft locking; a warm
/// basis that is not a Krylov space is served as well. With a correction it is the generalised Davidson method (Morgan
/// and Scott 1986).
/// </remarks>
internal sealed class RitzIteration(
    ISymmetricOperator symmetric, LanczosOptions options, RitzBasis basis, IResidualCorrection? correction)
{
    // Residuals below this many roundoffs of the operator's scale carry no direction.
    private const double NegligibleRoundoffs = 32;

    // Below this many roundoffs a residual that no longer falls is taken for rounding of the products themselves.
    private const double NoisyRoundoffs = 1000;

    // A recycled model that has not led to convergence by now is stale, and the Krylov space is the safer choice.
    private const int CorrectedSteps = 3;

    private readonly int _block = (int)Math.Min(options.BlockSize, symmetric.Dimension);
    private readonly int _wanted = WantedPairs(options, symmetric.Dimension);
    private readonly double _unitRoundoff = symmetric.Precision.UnitRoundoff();
    private readonly RandomVectors _random = new(options.Seed);

    private int[] _indices = [];
    private double[] _norms = [];
    private double _smallestResidual;
    private int _stepsWithoutProgress;
    private int _correctedSteps;

    /// <summary>The Ritz pairs of the basis that the solution consists of.</summary>
    public int[] SolvedIndices => _indices[..Math.Min(_wanted, _indices.Length)];

    /// <summary>Pairs wanted in all.</summary>
    public static int WantedPairs(LanczosOptions options, long dimension) =>
        (int)Math.Min(dimension, options.Spectrum == Spectrum.BothEnds ? 2L * options.Count : options.Count);

    /// <summary>A basis of the size that the options ask for.</summary>
    public static RitzBasis CreateBasis(ISymmetricOperator symmetric, LanczosOptions options)
    {
        int wanted = WantedPairs(options, symmetric.Dimension);
        long block = Math.Min(options.BlockSize, symmetric.Dimension);
        long chosen = options.BasisSize > 0 ? options.BasisSize : wanted + Math.Max(wanted, 20) + (2 * block);
        int capacity = (int)Math.Min(symmetric.Dimension, Math.Max(chosen, wanted + block + 1));
        return new RitzBasis(symmetric, capacity, Kept(capacity, wanted, (int)block));
    }

    /// <summary>Runs until a stop is due.</summary>
    /// <param name="start">Warm-start vectors, most wanted first, or none.</param>
    /// <param name="required">Start vectors that enter even where the wanted pairs converge without them.</param>
    /// <param name="cancellation">Asked before each block of products.</param>
    public EigenSolution Run(VectorBlock? start, int required, CancellationToken cancellation)
    {
        bool cold = start is null || start.Count == 0;
        int starting = cold ? 0 : Math.Min(start!.Count, options.StartVectors > 0 ? options.StartVectors : _wanted);
        using var work = new VectorBlock(symmetric.Device, symmetric.Precision, _wanted + _block, symmetric.Dimension);
        bool random = cold, confirming = false;
        _smallestResidual = double.PositiveInfinity;
        for (int entered = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            if (basis.Count > 0)
            {
                Assess(work);
                bool converged = entered >= required && (!cold || HasReachedOutwards()) &&
                    _indices.Length >= _wanted && Enumerable.Range(0, _wanted).All(IsConverged);
                if (converged)
                {
                    // A cold Krylov space that ran out of directions has seen a multiple eigenvalue once only. One more
                    // random direction tells whether anything is left that belongs to the wanted pairs.
                    bool exhausted = cold && !confirming && Enumerable.Range(0, _wanted).All(IsNegligible);
                    if (!exhausted || basis.Count == symmetric.Dimension || basis.Products >= options.MaximumProducts)
                    {
                        return Solution(StopReason.Converged);
                    }
                }

                random |= converged;
                confirming = converged;
                if (basis.Products >= options.MaximumProducts)
                {
                    return Solution(StopReason.ProductLimit);
                }

                if (basis.Count == symmetric.Dimension || (!converged && IsAtRoundingLevel()))
                {
                    return Solution(StopReason.PrecisionLimit);
                }
            }

            int room = (int)Math.Min(options.MaximumProducts - basis.Products, symmetric.Dimension - basis.Count);
            int count;
            bool drawn = false;
            if (entered < starting)
            {
                int group = entered < _wanted ? Math.Min(starting, _wanted) : starting;
                count = Math.Min(Math.Min(_block, room), group - entered);
                work.Rows(0, count).CopyFrom(start!.Rows(entered, count));
                entered += count;
            }
            else
            {
                count = random ? 0 : ResidualDirections(work, Math.Min(_block, room));
                if (count == 0)
                {
                    drawn = true;
                    count = Math.Min(_block, room);
                    _random.Fill(work.Rows(0, count));
                }
            }

            if (basis.Count + count > basis.Capacity)
            {
                basis.Restart(RestartIndices());
            }

            int added = basis.Extend(work.Rows(0, count));
            if (added == 0 && drawn)
            {
                return Solution(StopReason.PrecisionLimit);
            }

            random = added == 0 && entered == starting;
        }
    }

    private static int Kept(int capacity, int wanted, int block) =>
        Math.Max(0, Math.Min(capacity - block, wanted + ((capacity - wanted - block) / 2)));

    // Ritz pairs counted from the wanted end or ends, the outermost first.
    private int[] Outermost(int count)
    {
        int present = basis.Count, taken = Math.Min(count, present);
        return options.Spectrum switch
        {
            Spectrum.Largest => [.. Enumerable.Range(0, taken)],
            Spectrum.Smallest => [.. Enumerable.Range(0, taken).Select(i => present - 1 - i)],
            _ => [.. Enumerable.Range(0, taken).Select(i => i % 2 == 0 ? i / 2 : present - 1 - (i / 2))],
        };
    }

    private int[] RestartIndices()
    {
        int[] indices = Outermost(Kept(basis.Capacity, _wanted, _block));
        Array.Sort(indices);
        return indices;
    }

    private void Assess(VectorBlock work)
    {
        // A filled block needs the residuals of the next pairs inward too; a corrected one spends products on the
        // wanted only.
        _indices = Outermost(_wanted + (correction is null ? _block : 0));
        _norms = basis.Residuals(_indices, work.Rows(0, _indices.Length));
        double smallest = double.PositiveInfinity;
        for (int i = 0; i < Math.Min(_wanted, _norms.Length); i++)
        {
            if (!IsConverged(i))
            {
                smallest = Math.Min(smallest, _norms[i]);
            }
        }

        _stepsWithoutProgress = smallest < 0.5 * _smallestResidual ? 0 : _stepsWithoutProgress + 1;
        if (_stepsWithoutProgress == 0)
        {
            _smallestResidual = smallest;
        }
    }

    // A random vector has about 1/√n of its length along an eigenvector. Before the Krylov space has made up for that,
    // the residual of a Ritz value at an inner eigenvalue, or beside all of them, may satisfy a loose tolerance. In k
    // steps the part along an eigenvalue that is ahead by an eighth of the spectrum's width grows against the others by
    // the Chebyshev polynomial of degree k − 1 at 1 + 2/8, which is more than 2ᵏ⁻² (Kuczyński and Woźniakowski 1992).
    // From an invariant space nothing more would come.
    private bool HasReachedOutwards() =>
        basis.BlockSteps >= 2 + (0.5 * Math.Log2(symmetric.Dimension)) || basis.Count == symmetric.Dimension
        || Enumerable.Range(0, Math.Min(_wanted, _indices.Length)).All(IsNegligible);

    private bool IsConverged(int i) => _norms[i] <= options.Tolerance * basis.Scale;

    private bool IsNegligible(int i) => _norms[i] <= NegligibleRoundoffs * _unitRoundoff * basis.Scale;

    private bool IsAtRoundingLevel()
    {
        if (_indices.Length < _wanted)
        {
            return false;
        }

        int[] unconverged = [.. Enumerable.Range(0, _wanted).Where(i => !IsConverged(i))];
        return unconverged.Length > 0 && (unconverged.All(IsNegligible) ||
            (_stepsWithoutProgress > (2 * basis.Capacity / _block) + 10 &&
             unconverged.All(i => _norms[i] <= NoisyRoundoffs * _unitRoundoff * basis.Scale)));
    }

    // Gathers the residuals, corrected where asked, of the unconverged wanted pairs and, to fill a block, of the next
    // ones.
    private int ResidualDirections(VectorBlock work, int limit)
    {
        List<int> chosen = [.. Enumerable.Range(0, _indices.Length)
            .Where(i => !IsNegligible(i))
            .OrderBy(i => i < _wanted && !IsConverged(i) ? 0 : i >= _wanted ? 1 : 2)
            .Take(limit)];
        if (correction is not null && _indices.Length >= _wanted)
        {
            chosen.RemoveAll(IsConverged);
        }

        chosen.Sort();
        for (int to = 0; to < chosen.Count; to++)
        {
            if (chosen[to] != to)
            {
                work.Rows(to, 1).CopyFrom(work.Rows(chosen[to], 1));
            }
        }

        if (chosen.Count > 0 && correction is not null && _correctedSteps++ < CorrectedSteps)
        {
            correction.Correct(
                basis, [.. chosen.Select(i => basis.Ritz.Values[_indices[i]])], work.Rows(0, chosen.Count));
        }

        return chosen.Count;
    }

    private EigenSolution Solution(StopReason reason)
    {
        int count = Math.Min(_wanted, _indices.Length);
        int[] order = [.. Enumerable.Range(0, count)];
        if (options.Spectrum == Spectrum.BothEnds)
        {
            order = [.. order.OrderBy(i => _indices[i])];
        }

        var pairs = new RitzPair[count];
        for (int j = 0; j < count; j++)
        {
            int i = order[j];
            double relative = basis.Scale > 0 ? _norms[i] / basis.Scale : 0;
            pairs[j] = new RitzPair(basis.Ritz.Values[_indices[i]], _norms[i], relative, IsConverged(i));
        }

        VectorBlock vectors = basis.RitzVectors([.. order.Select(i => _indices[i])]);
        return new EigenSolution(pairs, vectors, basis.Products, basis.BlockSteps, reason);
    }
}
