using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>θ ← θ − η ∇L(θ).</summary>
/// <remarks>On a quadratic it is stable exactly while the largest eigenvalue is below 2/η.</remarks>
public sealed class GradientDescent
{
    /// <summary>Creates the optimiser.</summary>
    /// <param name="stepSize">η, positive and finite.</param>
    /// <exception cref="InputException">η is not.</exception>
    public GradientDescent(double stepSize)
    {
        if (!(stepSize > 0) || !double.IsFinite(stepSize))
        {
            throw new InputException($"The step size must be a positive number, got {stepSize}.");
        }

        StepSize = stepSize;
    }

    /// <summary>η.</summary>
    public double StepSize { get; }

    /// <summary>2/η, the largest stable curvature.</summary>
    public double StabilityThreshold => 2 / StepSize;

    /// <summary>Takes one step.</summary>
    /// <param name="parameters">θ, changed in place.</param>
    /// <param name="gradient">∇L(θ).</param>
    public void Step(VectorBlock parameters, VectorBlock gradient)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.Add(-StepSize, gradient);
    }
}
