using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>θ ← θ − η sign ∇L(θ), with sign 0 = 0.</summary>
/// <remarks>
/// Its steps have one length, so that no curvature is small enough for them to shrink: there is no threshold.
/// </remarks>
/// <param name="stepSize">η, positive and finite.</param>
public sealed class SignDescent(double stepSize) : Optimizer(stepSize)
{
    /// <inheritdoc/>
    public override string Name => "sign";

    /// <inheritdoc/>
    public override string Description => "sign descent";

    /// <inheritdoc/>
    public override string? ThresholdNote =>
        "Steps of sign descent do not shrink with the gradient, so that no curvature is a threshold for it.";

    private protected override void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous) =>
        GradientStep.Run(StepSize, isSign: true, parameters, gradient, previous);
}
