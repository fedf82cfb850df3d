using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>θ ← θ − η ∇L(θ).</summary>
/// <remarks>On a quadratic it is stable exactly while the largest eigenvalue is below 2/η.</remarks>
/// <param name="stepSize">η, positive and finite.</param>
public sealed class GradientDescent(double stepSize) : Optimizer(stepSize)
{
    /// <inheritdoc/>
    public override string Name => "gd";

    /// <inheritdoc/>
    public override string Description => "gradient descent";

    /// <summary>2/η, the largest stable curvature.</summary>
    public override double? StabilityThreshold => 2 / StepSize;

    /// <inheritdoc/>
    public override string? ThresholdFormula => "2/η";

    /// <summary>Takes one step; there is nothing to remember.</summary>
    /// <inheritdoc cref="Optimizer.Step"/>
    public void Step(VectorBlock parameters, VectorBlock gradient, VectorBlock? previous = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.RequireSame(gradient);
        parameters.RequireSame(previous ?? gradient);
        GradientStep.Run(StepSize, isSign: false, parameters, gradient, previous);
    }

    private protected override void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous) =>
        GradientStep.Run(StepSize, isSign: false, parameters, gradient, previous);
}
