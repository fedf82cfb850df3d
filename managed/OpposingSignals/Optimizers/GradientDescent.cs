using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>θ ← θ − η ∇L(θ).</summary>
/// <remarks>On a quadratic it is stable exactly while the largest eigenvalue is below 2/η.</remarks>
public sealed class GradientDescent
{
    private static readonly Operation<Arguments> StepOperation = new("gradient_step");

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
    /// <param name="previous">Takes θ as it was before the step; null where nobody wants it.</param>
    /// <exception cref="ArgumentException">The vectors do not fit each other.</exception>
    public void Step(VectorBlock parameters, VectorBlock gradient, VectorBlock? previous = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.RequireSame(gradient);
        parameters.RequireSame(previous ?? gradient);
        parameters.Device.Run(StepOperation, new Arguments
        {
            Precision = parameters.Precision,
            Length = parameters.Length,
            StepSize = StepSize,
            Parameters = parameters.Address,
            Gradient = gradient.Address,
            Previous = previous?.Address ?? 0,
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public long Length;
        public double StepSize;
        public nint Parameters;
        public nint Gradient;
        public nint Previous;
    }
}
