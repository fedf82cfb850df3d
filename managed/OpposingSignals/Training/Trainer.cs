using System.Collections.Immutable;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;

namespace OpposingSignals.Training;

/// <summary>
/// Full-batch training that measures as it goes: loss and gradient, the Hessian's top eigenpairs, every sample's loss.
/// </summary>
/// <remarks>
/// At step t, in this order: loss, accuracy and gradient at θ_t; the test set; eigenpairs; the samples' loss changes;
/// the record; the stop test; the step. The order is that of Cohen et al. 2021 (arXiv 2103.00065).
/// </remarks>
public sealed class Trainer : IDisposable
{
    private readonly Objective _objective;
    private readonly Objective? _test;
    private readonly TrainingOptions _options;
    private readonly VectorBlock _previous;
    private readonly Recordings _steps;
    private bool _hasPrevious;

    /// <summary>Creates a trainer at step 0.</summary>
    /// <param name="objective">The training loss.</param>
    /// <param name="test">The loss on the test set, or null.</param>
    /// <param name="optimizer">The optimiser.</param>
    /// <param name="parameters">θ₀.</param>
    /// <param name="options">When to stop, what to measure.</param>
    public Trainer(
        Objective objective, Objective? test, Optimizer optimizer, ReadOnlySpan<double> parameters,
        TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_objective, _test, Optimizer, _options) = (objective, test, optimizer, options);
        Parameters = new VectorBlock(objective.Device, objective.Precision, 1, objective.ParameterCount);
        Parameters.CopyFrom(parameters);
        _previous = new VectorBlock(objective.Device, objective.Precision, 1, objective.ParameterCount);
        OptimizerState = optimizer.Start(Parameters);
        _steps = new Recordings(objective.Device);
        bool splits = options.GroupEvery > 0 && options.EigenEvery > 0 && !objective.CouplesSamples;
        Groups = new GroupMonitor(objective.SampleCount, splits ? options.EigenCount : 0);
        Tracker = Track(options.EigenCount);
        PreconditionedTracker = optimizer.IsPreconditioned && options.EigenEvery > 0
            ? Track(splits ? options.EigenCount : 1) : null;

        EigenTracker Track(int count) => new(
            objective.Device,
            objective.Precision,
            objective.ParameterCount,
            new EigenTrackerOptions { Count = count, Tolerance = options.EigenTolerance });
    }

    /// <summary>The next step t to be recorded; steps before it are done.</summary>
    public long Step { get; set; }

    /// <summary>θ_t.</summary>
    public VectorBlock Parameters { get; }

    /// <summary>The rule of its steps.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>What the optimiser remembers.</summary>
    public OptimizerState OptimizerState { get; }

    /// <summary>The network that is trained; its running statistics belong to the state.</summary>
    internal Networks.Network Network => _objective.Network;

    /// <summary>θ of the last step whose loss and gradient were finite; null before there is one.</summary>
    public VectorBlock? LastGood => _hasPrevious ? _previous : null;

    /// <summary>The stream of the samples' losses, their history, and the opposing groups in them.</summary>
    public GroupMonitor Groups { get; }

    /// <summary>Losses of every sample at a bounded number of steps.</summary>
    public LossHistory History => Groups.History;

    /// <summary>The solver of the top eigenpairs, warm from the steps before.</summary>
    public EigenTracker Tracker { get; }

    /// <summary>
    /// The solver of the largest eigenvalues of P⁻¹H, of one where no groups are found along their eigenvectors; null
    /// where the optimiser has no P, or nothing is measured.
    /// </summary>
    public EigenTracker? PreconditionedTracker { get; }

    /// <summary>Fills <see cref="LastGood"/> from a checkpoint.</summary>
    internal void RestoreLastGood(Action<VectorBlock> fill)
    {
        fill(_previous);
        _hasPrevious = true;
    }

    /// <summary>
    /// Trains until a stop condition holds. Everything needed to go on is in <see cref="Step"/>,
    /// <see cref="Parameters"/>, <see cref="OptimizerState"/>, <see cref="Groups"/> and the two trackers.
    /// </summary>
    /// <param name="recorded">
    /// Called with every step's record, and the losses of all samples, before the step is taken.
    /// </param>
    /// <param name="beforeStep">
    /// Called before anything of a step is computed: the state is that between two steps.
    /// </param>
    /// <param name="cancellation">Asked between steps; the step in progress is finished.</param>
    public TrainingOutcome Run(RecordStep recorded, Action? beforeStep = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        while (true)
        {
            beforeStep?.Invoke();
            if (cancellation.IsCancellationRequested)
            {
                return TrainingOutcome.Interrupted;
            }

            bool measuresEigenpairs = Due(_options.EigenEvery);
            LinearizationPoint point = _objective.Linearize(Parameters, keepPrimal: measuresEigenpairs);
            double gradientNorm = point.Gradient.Norms()[0];
            if (!double.IsFinite(point.Loss) || !double.IsFinite(gradientNorm))
            {
                return TrainingOutcome.Diverged;
            }

            // A run that stopped here and goes on with other limits has this step's record already.
            if (Groups.Stream.LastStep != Step && !Measure(point, gradientNorm, measuresEigenpairs, recorded))
            {
                return TrainingOutcome.Diverged;
            }

            if (Stops(point) is { } outcome)
            {
                return outcome;
            }

            point.UpdateRunningStatistics();
            Optimizer.StepRecorded(Parameters, point.Gradient, OptimizerState, _previous, _steps);
            _hasPrevious = true;
            Step++;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _steps.Dispose();
        OptimizerState.Dispose();
        Parameters.Dispose();
        _previous.Dispose();
        Tracker.Dispose();
        PreconditionedTracker?.Dispose();
    }

    private bool Measure(LinearizationPoint point, double gradientNorm, bool measuresEigenpairs, RecordStep recorded)
    {
        EigenSolution? solution = null;
        try
        {
            solution = measuresEigenpairs
                ? Tracker.Solve(new CurvatureOperator(point, ProductKind.Hessian), Parameters, CancellationToken.None)
                : null;
        }
        catch (NonFiniteOperatorException)
        {
            // Products overflow before the loss does.
            return false;
        }

        using (solution)
        {
            Preconditioner? preconditioner =
                measuresEigenpairs ? Optimizer.PreconditionerAt(point.Gradient, OptimizerState) : null;
            using EigenSolution? preconditioned = SolvePreconditioned(point, preconditioner);
            if ((Optimizer.IsPreconditioned ? preconditioned : solution) is { } bounded
                && Groups.Directions is { } window && bounded.Pairs.Count == window.Directions
                && !(Step - window.LastStep < _options.GroupEvery))
            {
                using var directions = new StabilityDirections(bounded, preconditioner);
                ObserveDirections(point, directions);
            }

            var record = new StepRecord
            {
                Step = Step,
                Loss = point.Loss,
                Accuracy = point.Accuracy,
                GradientNorm = gradientNorm,
                Test = Due(_options.TestEvery) ? _test?.Evaluate(Parameters) : null,
                Eigenpairs = solution?.Pairs,
                Products = solution?.Products ?? 0,
                Preconditioned = preconditioned?.Pairs[0],
                PreconditionedProducts = preconditioned?.Products ?? 0,
                Samples = Groups.Observe(Step, point.SampleLosses),
                Leading = Leading(point.SampleLosses),
            };
            recorded(record, point.SampleLosses);
        }

        return true;
    }

    private EigenSolution? SolvePreconditioned(LinearizationPoint point, Preconditioner? preconditioner)
    {
        if (PreconditionedTracker is not { } tracker || preconditioner is null)
        {
            return null;
        }

        try
        {
            var hessian = new CurvatureOperator(point, ProductKind.Hessian);
            return tracker.Solve(new PreconditionedOperator(hessian, preconditioner), Parameters);
        }
        catch (NonFiniteOperatorException)
        {
            // The Hessian's own products are finite; P⁻¹ is too large where ε is tiny and no gradient has come yet.
            return null;
        }
    }

    // The step from here is known before it is taken, and so are its coordinates.
    private void ObserveDirections(LinearizationPoint point, StabilityDirections directions)
    {
        using VectorBlock change = Optimizer.UndividedChange(point.Gradient, OptimizerState);
        (double[] slopes, double[] curvatures) = point.SampleDerivatives(directions.Vectors);
        Groups.ObserveDirections(Step, directions.Coordinates(change), slopes, curvatures);
    }

    private LeadingPair? Leading(ReadOnlySpan<double> losses)
    {
        if (Groups.Pairs.Current is not [var pair, ..])
        {
            return null;
        }

        return new LeadingPair(pair, Mean(losses, pair.Up), Mean(losses, pair.Down));

        static double Mean(ReadOnlySpan<double> losses, ImmutableArray<int> samples)
        {
            double sum = 0;
            foreach (int sample in samples)
            {
                sum += losses[sample];
            }

            return sum / samples.Length;
        }
    }

    private bool Due(int every) => every > 0 && Step % every == 0;

    private TrainingOutcome? Stops(LinearizationPoint point) =>
        point.Accuracy > _options.StopAccuracy ? TrainingOutcome.AccuracyReached
        : point.Loss < _options.StopLoss ? TrainingOutcome.LossReached
        : Step >= _options.Steps ? TrainingOutcome.StepsTaken
        : null;
}

/// <summary>Takes a step's record and the loss of every sample at it.</summary>
public delegate void RecordStep(StepRecord record, ReadOnlySpan<double> sampleLosses);
