using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// Gradient descent with momentum in PyTorch's form: u ← βu + ∇L(θ); θ ← θ − ηu (heavy ball, Polyak 1964), or with
/// Nesterov's look ahead θ ← θ − η(∇L(θ) + βu).
/// </summary>
/// <remarks>
/// On a quadratic it is stable while the largest eigenvalue is below (2 + 2β)/η, with Nesterov's look ahead
/// (2 + 2β)/((1 + 2β)η): Cohen et al. 2021, arXiv 2103.00065, appendix B.
/// </remarks>
public sealed class Momentum : Optimizer
{
    internal const double UsualDecay = 0.9;
    private const string Velocity = "velocity";

    private static readonly Operation<Arguments> StepOperation = new("momentum_step");

    /// <summary>Creates the optimiser.</summary>
    /// <param name="stepSize">η, positive and finite.</param>
    /// <param name="decay">β, at least 0 and below 1.</param>
    /// <param name="nesterov">Whether it looks ahead.</param>
    /// <exception cref="InputException">A number is out of range.</exception>
    public Momentum(double stepSize, double decay = UsualDecay, bool nesterov = false)
        : base(stepSize)
    {
        Beta = Decay(decay, "momentum β");
        IsNesterov = nesterov;
    }

    /// <summary>β.</summary>
    public double Beta { get; }

    /// <summary>Whether it looks ahead.</summary>
    public bool IsNesterov { get; }

    /// <inheritdoc/>
    public override string Name => Invariant($"{(IsNesterov ? "nesterov" : "momentum")}:{Beta:R}");

    /// <inheritdoc/>
    public override string Description =>
        Invariant($"{(IsNesterov ? "Nesterov" : "heavy-ball")} momentum, β = {Beta:R}");

    /// <inheritdoc/>
    public override double? StabilityThreshold => (2 + (2 * Beta)) / ((IsNesterov ? 1 + (2 * Beta) : 1) * StepSize);

    /// <inheritdoc/>
    public override string? ThresholdFormula => IsNesterov ? "(2 + 2β)/((1 + 2β)η)" : "(2 + 2β)/η";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Memory => [Velocity];

    private protected override void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous) =>
        parameters.Device.Run(StepOperation, new Arguments
        {
            Precision = parameters.Precision,
            Nesterov = IsNesterov ? 1 : 0,
            Length = parameters.Length,
            StepSize = StepSize,
            Decay = Beta,
            Parameters = parameters.Address,
            Gradient = gradient.Address,
            Velocity = state[Velocity].Address,
            Previous = previous?.Address ?? 0,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Nesterov;
        public long Length;
        public double StepSize;
        public double Decay;
        public nint Parameters;
        public nint Gradient;
        public nint Velocity;
        public nint Previous;
    }
}
