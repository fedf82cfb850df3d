using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>Follows the ends of the spectrum along a sequence of slowly changing symmetric operators.</summary>
/// <remarks>
/// <para>The first solve is <see cref="BlockLanczos"/>. Later ones start from vectors extrapolated over past parameters
/// and spend each product on a residual corrected by the recycled Ritz vectors of earlier solves.</para>
/// <para>
/// Everything that a later solve depends on is in the state that <see cref="Save"/> copies: a restored tracker
/// continues bitwise.
/// </para>
/// </remarks>
public sealed class EigenTracker : IDisposable
{
    // A recycled value this close to a wanted one, relative to the scale, may have overtaken it.
    private const double NearShare = 0.05;

    private readonly LanczosOptions _lanczos;
    private readonly int _wanted;
    private readonly RecycledSpace _recycled;
    private readonly DirectionHistory _history;
    private double[] _values = [];
    private double _scale;
    private int _solves;

    /// <summary>Makes a tracker without a past.</summary>
    /// <param name="device">Where the operators' vectors live.</param>
    /// <param name="precision">Element type of the operators' vectors.</param>
    /// <param name="dimension">Dimension of the operators, at least 1.</param>
    /// <param name="options">What is tracked.</param>
    public EigenTracker(Device device, Precision precision, long dimension, EigenTrackerOptions options)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.RecycledVectors);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.HistoryLength, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.GuardVectors);
        ArgumentOutOfRangeException.ThrowIfNegative(options.GuardInterval);
        Options = options;
        _lanczos = new LanczosOptions
        {
            Spectrum = options.Spectrum,
            Count = options.Count,
            Tolerance = options.Tolerance,
            MaximumProducts = options.MaximumProducts,
            Seed = options.Seed,
        };
        _lanczos.Validate();
        _wanted = RitzIteration.WantedPairs(_lanczos, dimension);
        _recycled = new RecycledSpace(device, precision, dimension, options.RecycledVectors);
        _history = new DirectionHistory(device, precision, dimension, options.HistoryLength, _wanted);
    }

    /// <summary>What is tracked.</summary>
    public EigenTrackerOptions Options { get; }

    /// <summary>Finds the wanted pairs of the next operator.</summary>
    /// <param name="symmetric">The operator at the present point.</param>
    /// <param name="parameters">The present parameters θ as a block of one vector of any fixed scaling, from which
    /// start vectors are extrapolated; none starts from the last solution.</param>
    /// <param name="cancellation">
    /// Asked before each block of products; a cancelled solve leaves the tracker as it was.
    /// </param>
    /// <exception cref="NonFiniteOperatorException">
    /// A product holds NaN or infinity; the tracker stays as it was.
    /// </exception>
    /// <exception cref="ArgumentException">The operator or the parameters do not fit the tracker.</exception>
    /// <exception cref="OperationCanceledException">Cancellation was asked for.</exception>
    public EigenSolution Solve(
        ISymmetricOperator symmetric, VectorBlock? parameters = null, CancellationToken cancellation = default) =>
        Solve(symmetric, parameters, Options.MaximumProducts, cancellation);

    /// <summary>The cheapest look at the next operator: one product per wanted vector, on the predicted vectors. The
    /// pairs are Rayleigh-Ritz values with true residuals, marked where these exceed the tolerance.</summary>
    /// <inheritdoc cref="Solve(ISymmetricOperator, VectorBlock?, CancellationToken)"/>
    public EigenSolution Estimate(
        ISymmetricOperator symmetric, VectorBlock? parameters = null, CancellationToken cancellation = default) =>
        Solve(symmetric, parameters, _history.Any ? _wanted : Options.MaximumProducts, cancellation);

    /// <summary>A copy of the complete state.</summary>
    public EigenTrackerState Save()
    {
        var state = new EigenTrackerState();
        state.Add("recycled.vectors", _recycled.Vectors, _recycled.Values);
        state.Add("history.parameters", _history.Parameters, _history.Numbers);
        state.Add("history.vectors", _history.Vectors, [_solves, _scale, .. _values]);
        return state;
    }

    /// <summary>Returns to a saved state; the next solve is bitwise the one that would have followed it.</summary>
    /// <param name="state">
    /// From a tracker of the same device kind, precision, dimension and options; not changed.
    /// </param>
    public void Restore(EigenTrackerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _history.Parameters.CopyFrom(state.Blocks["history.parameters"]);
        _history.Vectors.CopyFrom(state.Blocks["history.vectors"]);
        _history.Numbers = state.Numbers["history.parameters"];
        _recycled.Load(state.Blocks["recycled.vectors"], state.Numbers["recycled.vectors"]);
        double[] numbers = state.Numbers["history.vectors"];
        _solves = (int)numbers[0];
        _scale = numbers[1];
        _values = numbers[2..];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _recycled.Dispose();
        _history.Dispose();
    }

    private EigenSolution Solve(
        ISymmetricOperator symmetric, VectorBlock? parameters, int limit, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(symmetric);
        if (symmetric.Dimension != _history.Vectors.Length || symmetric.Precision != _history.Vectors.Precision)
        {
            throw new ArgumentException(
                $"An operator of dimension {symmetric.Dimension} ({symmetric.Precision}) does not fit a tracker of dimension " +
                $"{_history.Vectors.Length} ({_history.Vectors.Precision}).", nameof(symmetric));
        }

        if (parameters is not null && (parameters.Count != 1 || parameters.Length != symmetric.Dimension))
        {
            throw new ArgumentException(
                $"Parameters of shape [{parameters.Count}, {parameters.Length}] are not one vector of length " +
                $"{symmetric.Dimension}.", nameof(parameters));
        }

        LanczosOptions lanczos = _lanczos with { MaximumProducts = limit };
        if (_history.Any)
        {
            lanczos = lanczos with { BlockSize = _wanted, StartVectors = int.MaxValue };
        }

        using RitzBasis basis = RitzIteration.CreateBasis(symmetric, lanczos);
        var iteration = new RitzIteration(symmetric, lanczos, basis, _history.Any ? _recycled : null);
        EigenSolution solution = _history.Any
            ? Continue(iteration, parameters, cancellation) : iteration.Run(null, required: 0, cancellation);
        if (solution.Pairs.Count == _wanted)
        {
            _recycled.Absorb(basis, iteration.SolvedIndices);
            _history.Push(parameters, solution.Vectors);
            _values = solution.Values;
            _scale = basis.Scale;
        }

        _solves++;
        return solution;
    }

    private EigenSolution Continue(RitzIteration iteration, VectorBlock? parameters, CancellationToken cancellation)
    {
        VectorBlock recycled = _recycled.Vectors;
        int[] guards = Guards();
        using var start = new VectorBlock(
            recycled.Device, recycled.Precision, _wanted + guards.Length, recycled.Length);
        _history.Predict(parameters, Options.Tolerance, start.Rows(0, _wanted));
        for (int i = 0; i < guards.Length; i++)
        {
            start.Rows(_wanted + i, 1).CopyFrom(recycled.Rows(guards[i], 1));
        }

        bool due = Options.GuardInterval > 0 && _solves % Options.GuardInterval == 0;
        int near = guards.Count(guard => Lead(_recycled.Values[guard]) > -NearShare * _scale);
        return iteration.Run(start, due ? start.Count : near > 0 ? _wanted + near : 0, cancellation);
    }

    // The recycled vectors that are the next candidates for the wanted end, most advanced first.
    private int[] Guards() =>
    [
        .. Enumerable.Range(0, _recycled.Values.Length)
            .OrderByDescending(i => Lead(_recycled.Values[i])).Take(Options.GuardVectors),
    ];

    // By how much a value is ahead of the innermost wanted one; negative where it is behind.
    private double Lead(double value) => Options.Spectrum switch
    {
        Spectrum.Largest => value - _values[^1],
        Spectrum.Smallest => _values[^1] - value,
        _ => Math.Max(value - _values[(_wanted - 1) / 2], _values[_wanted / 2] - value),
    };
}
