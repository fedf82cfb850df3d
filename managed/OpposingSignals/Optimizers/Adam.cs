using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// Adam (Kingma and Ba 2015): m ← β₁m + (1 − β₁)g; s ← β₂s + (1 − β₂)g²; θ ← θ − η m̂ / (√ŝ + ε), m̂ = m/(1 − β₁ᵗ),
/// ŝ = s/(1 − β₂ᵗ), without weight decay.
/// </summary>
/// <remarks>
/// What equilibrates is the largest eigenvalue of P⁻¹H, P = (1 − β₁ᵗ)(diag √ŝ + ε), at (2 + 2β₁)/((1 − β₁)η): Cohen et
/// al. 2022, arXiv 2207.14484. The sharpness itself may keep rising, as P adapts.
/// </remarks>
public sealed class Adam : Optimizer
{
    internal const double UsualFirstDecay = 0.9;
    internal const double UsualSecondDecay = 0.999;
    internal const double UsualEpsilon = 1e-8;

    /// <summary>Creates the optimiser.</summary>
    /// <param name="stepSize">η, positive and finite.</param>
    /// <param name="firstDecay">β₁, at least 0 and below 1.</param>
    /// <param name="secondDecay">β₂, at least 0 and below 1.</param>
    /// <param name="epsilon">ε, positive.</param>
    /// <exception cref="InputException">A number is out of range.</exception>
    public Adam(
        double stepSize, double firstDecay = UsualFirstDecay, double secondDecay = UsualSecondDecay,
        double epsilon = UsualEpsilon)
        : base(stepSize)
    {
        FirstDecay = Decay(firstDecay, "β1 of Adam");
        SecondDecay = Decay(secondDecay, "β2 of Adam");
        Epsilon = AdaptiveStep.Epsilon(epsilon);
    }

    /// <summary>β₁.</summary>
    public double FirstDecay { get; }

    /// <summary>β₂.</summary>
    public double SecondDecay { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override string Name => Invariant($"adam:{FirstDecay:R}:{SecondDecay:R}:{Epsilon:R}");

    /// <inheritdoc/>
    public override string Description =>
        Invariant($"Adam, β₁ = {FirstDecay:R}, β₂ = {SecondDecay:R}, ε = {Epsilon:R}");

    /// <inheritdoc/>
    public override bool IsPreconditioned => true;

    /// <inheritdoc/>
    public override double? StabilityThreshold => (2 + (2 * FirstDecay)) / ((1 - FirstDecay) * StepSize);

    /// <inheritdoc/>
    public override string? ThresholdFormula => "(2 + 2β₁)/((1 − β₁)η)";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Memory => [AdaptiveStep.First, AdaptiveStep.Second];

    /// <inheritdoc/>
    /// <remarks>−η m, as the correction of m is part of P.</remarks>
    public override VectorBlock UndividedChange(VectorBlock gradient, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentNullException.ThrowIfNull(state);
        var change = new VectorBlock(gradient.Device, gradient.Precision, 1, gradient.Length);
        change.Combine(state[AdaptiveStep.First], new double[,] { { -StepSize * FirstDecay } });
        change.Add(-StepSize * (1 - FirstDecay), gradient);
        return change;
    }

    private protected override Preconditioner NextPreconditioner(VectorBlock gradient, OptimizerState state)
    {
        long step = state.Steps + 1;
        return new Preconditioner(
            new Preconditioner.Arguments
            {
                SecondDecay = SecondDecay,
                SecondCorrection = Correction(SecondDecay, step),
                Epsilon = Epsilon,
                Factor = 1 / Correction(FirstDecay, step),
            },
            gradient,
            state[AdaptiveStep.Second]);
    }

    // The corrections of the moments' start depend on the step.
    private protected override bool IsSameEveryStep => false;

    private protected override void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous) =>
        AdaptiveStep.Run(
            new AdaptiveStep.Arguments
            {
                StepSize = StepSize,
                FirstDecay = FirstDecay,
                SecondDecay = SecondDecay,
                FirstCorrection = Correction(FirstDecay, state.Steps),
                SecondCorrection = Correction(SecondDecay, state.Steps),
                Epsilon = Epsilon,
            },
            parameters,
            gradient,
            state[AdaptiveStep.First],
            state[AdaptiveStep.Second],
            previous);

    // What a moment that starts at zero lacks at a step, as a factor.
    private static double Correction(double decay, long step) => 1 / (1 - Math.Pow(decay, step));
}
