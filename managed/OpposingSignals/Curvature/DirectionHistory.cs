using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;
using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Past parameters θ with the invariant subspaces found there, to predict the subspace at new parameters.
/// </summary>
/// <remarks>
/// The new θ is fitted by an affine combination Σ c_j θ_j, Σ c_j = 1, of the past ones, and the same combination of the
/// past vectors is the prediction. It follows smooth drift and period-two oscillation alike, since the fit picks the
/// iterates that matter, and it costs no product. The fit is damped where amplifying the error of past vectors would
/// cost more than the parameters' change explains.
/// </remarks>
internal sealed class DirectionHistory : IDisposable
{
    private readonly int _length;
    private readonly int _width;
    private readonly VectorBlock _parameters;
    private readonly VectorBlock _vectors;
    private readonly double[] _turns;
    private readonly double[] _distances;
    private readonly bool[] _placed;
    private readonly double[,] _gram;
    private int _pushed;

    /// <summary>Allocates an empty history.</summary>
    /// <param name="device">Where the vectors live.</param>
    /// <param name="precision">Element type.</param>
    /// <param name="dimension">Length of parameters and vectors.</param>
    /// <param name="length">Past points kept, at least 1.</param>
    /// <param name="width">Vectors at each point.</param>
    public DirectionHistory(Device device, Precision precision, long dimension, int length, int width)
    {
        _length = length;
        _width = width;
        _parameters = new VectorBlock(device, precision, length, dimension);
        _vectors = new VectorBlock(device, precision, length * width, dimension);
        _parameters.Clear();
        _vectors.Clear();
        _turns = new double[length];
        _distances = new double[length];
        _placed = new bool[length];
        _gram = new double[length, length];
    }

    /// <summary>Parameters at past points, one row per slot.</summary>
    public VectorBlock Parameters => _parameters;

    /// <summary>Vectors at past points, aligned with each other, slot by slot.</summary>
    public VectorBlock Vectors => _vectors;

    /// <summary>Whether there is a past point.</summary>
    public bool Any => _pushed > 0;

    /// <summary>The numbers that restore a history together with its blocks.</summary>
    public double[] Numbers
    {
        get => [_pushed, .. _turns, .. _distances,
            .. _placed.Select(placed => placed ? 1.0 : 0.0), .. _gram.Cast<double>()];
        set
        {
            _pushed = (int)value[0];
            value.AsSpan(1, _length).CopyTo(_turns);
            value.AsSpan(1 + _length, _length).CopyTo(_distances);
            for (int i = 0; i < _length; i++)
            {
                _placed[i] = value[1 + (2 * _length) + i] > 0;
            }

            for (int i = 0; i < _gram.Length; i++)
            {
                _gram[i / _length, i % _length] = value[1 + (3 * _length) + i];
            }
        }
    }

    private int Newest => (_pushed - 1) % _length;

    private int Present => Math.Min(_pushed, _length);

    /// <summary>
    /// Writes the predicted vectors at <paramref name="parameters"/>, or the newest ones where there are none.
    /// </summary>
    /// <param name="parameters">θ as a block of one vector, or none.</param>
    /// <param name="vectorError">Expected error of each stored unit vector.</param>
    /// <param name="prediction">As many rows as vectors at each point; overwritten.</param>
    public void Predict(VectorBlock? parameters, double vectorError, VectorBlock prediction)
    {
        double[] weights = parameters is null ? Unit() : Weights(parameters, vectorError);
        double[,] coefficients = new double[_vectors.Count, _width];
        for (int slot = 0; slot < _length; slot++)
        {
            for (int j = 0; j < _width; j++)
            {
                coefficients[(slot * _width) + j, j] = weights[slot];
            }
        }

        prediction.Combine(_vectors, coefficients);
    }

    /// <summary>Adds a point, replacing the oldest one of a full history.</summary>
    /// <param name="parameters">θ as a block of one vector; a point without them serves as the newest only.</param>
    /// <param name="vectors">Orthonormal vectors of the invariant subspace; not changed.</param>
    public void Push(VectorBlock? parameters, VectorBlock vectors)
    {
        int previous = Newest, slot = _pushed % _length;
        double[,] alignment = SmallMatrix.Diagonal([.. Enumerable.Repeat(1.0, _width)]);
        double turn = 0;
        if (Any)
        {
            // Orthogonal Procrustes (Schönemann 1966): eigenvectors carry arbitrary signs, and close ones mix.
            double[,] overlap = vectors.InnerProducts(_vectors.Rows(previous * _width, _width));
            Svd<double> polar = Matrix<double>.Build.DenseOfArray(overlap).Svd(true);
            alignment = (polar.U * polar.VT).ToArray();
            turn = Math.Max(0, 2 * (_width - polar.S.Sum()));
        }

        // The slot may hold the previous point, whose overlap has been taken by now.
        _vectors.Rows(slot * _width, _width).Combine(vectors, alignment);
        if (parameters is null)
        {
            _parameters.Rows(slot, 1).Clear();
        }
        else
        {
            _parameters.Rows(slot, 1).CopyFrom(parameters);
        }

        double[,] inner = _parameters.Rows(slot, 1).InnerProducts(_parameters);
        for (int i = 0; i < _length; i++)
        {
            _gram[i, slot] = _gram[slot, i] = inner[0, i];
        }

        _placed[slot] = parameters is not null;
        bool comparable = Any && previous != slot && _placed[slot] && _placed[previous];
        _turns[slot] = comparable ? turn : 0;
        _distances[slot] = comparable ? Distance(slot, previous) : 0;
        _pushed++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parameters.Dispose();
        _vectors.Dispose();
    }

    private double[] Unit()
    {
        double[] weights = new double[_length];
        weights[Newest] = 1;
        return weights;
    }

    private double Distance(int i, int j) => Math.Max(0, _gram[i, i] + _gram[j, j] - (2 * _gram[i, j]));

    // Minimises κ² ‖θ − θ_new − Σ c_j (θ_j − θ_new)‖² + ε² Σ c_j², κ² being the observed turn per squared distance.
    private double[] Weights(VectorBlock parameters, double vectorError)
    {
        double[] weights = Unit();
        int newest = Newest;
        int[] others = [.. Enumerable.Range(0, Present).Where(slot => slot != newest && _placed[slot])];
        double turn = _turns.Sum(), distance = _distances.Sum();
        if (!_placed[newest] || others.Length == 0 || !(turn > 0) || !(distance > 0))
        {
            return weights;
        }

        double[,] inner = parameters.InnerProducts(_parameters);
        double damping = vectorError * vectorError * distance / (turn / _width);
        Matrix<double> normal = Matrix<double>.Build.Dense(others.Length, others.Length, (i, j) =>
            _gram[others[i], others[j]] - _gram[others[i], newest] - _gram[newest, others[j]] + _gram[newest, newest] +
            (i == j ? damping : 0));
        Vector<double> right = Vector<double>.Build.Dense(others.Length, i =>
            inner[0, others[i]] - inner[0, newest] - _gram[others[i], newest] + _gram[newest, newest]);
        Vector<double> fitted = normal.Cholesky().Solve(right);
        for (int i = 0; i < others.Length; i++)
        {
            weights[others[i]] = fitted[i];
            weights[newest] -= fitted[i];
        }

        return weights;
    }
}
