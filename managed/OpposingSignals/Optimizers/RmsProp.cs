using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>RMSProp as PyTorch has it, not centred: s ← αs + (1 − α)g²; θ ← θ − η g / (√s + ε).</summary>
/// <remarks>
/// What equilibrates is the largest eigenvalue of P⁻¹H, P = diag √s + ε, at 2/η: Cohen et al. 2022, arXiv 2207.14484.
/// </remarks>
public sealed class RmsProp : Optimizer
{
    internal const double UsualDecay = 0.99;
    internal const double UsualEpsilon = 1e-8;

    /// <summary>Creates the optimiser.</summary>
    /// <param name="stepSize">η, positive and finite.</param>
    /// <param name="decay">α, at least 0 and below 1.</param>
    /// <param name="epsilon">ε, positive.</param>
    /// <exception cref="InputException">A number is out of range.</exception>
    public RmsProp(double stepSize, double decay = UsualDecay, double epsilon = UsualEpsilon)
        : base(stepSize)
    {
        Alpha = Decay(decay, "α of RMSProp");
        Epsilon = AdaptiveStep.Epsilon(epsilon);
    }

    /// <summary>α.</summary>
    public double Alpha { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override string Name => Invariant($"rmsprop:{Alpha:R}:{Epsilon:R}");

    /// <inheritdoc/>
    public override string Description => Invariant($"RMSProp, α = {Alpha:R}, ε = {Epsilon:R}");

    /// <inheritdoc/>
    public override bool IsPreconditioned => true;

    /// <inheritdoc/>
    public override double? StabilityThreshold => 2 / StepSize;

    /// <inheritdoc/>
    public override string? ThresholdFormula => "2/η";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Memory => [AdaptiveStep.Second];

    /// <inheritdoc/>
    /// <remarks>−η g.</remarks>
    public override VectorBlock UndividedChange(VectorBlock gradient, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        var change = new VectorBlock(gradient.Device, gradient.Precision, 1, gradient.Length);
        change.Combine(gradient, new double[,] { { -StepSize } });
        return change;
    }

    private protected override Preconditioner NextPreconditioner(VectorBlock gradient, OptimizerState state) =>
        new(
            new Preconditioner.Arguments
            {
                SecondDecay = Alpha,
                SecondCorrection = 1,
                Epsilon = Epsilon,
                Factor = 1,
            },
            gradient,
            state[AdaptiveStep.Second]);

    private protected override void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous) =>
        AdaptiveStep.Run(
            new AdaptiveStep.Arguments
            {
                StepSize = StepSize,
                SecondDecay = Alpha,
                FirstCorrection = 1,
                SecondCorrection = 1,
                Epsilon = Epsilon,
            },
            parameters,
            gradient,
            first: null,
            state[AdaptiveStep.Second],
            previous);
}
