using System.Globalization;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// A rule that takes θ and ∇L(θ) to the next θ. It holds no vectors: what it remembers is in an <see
/// cref="OptimizerState"/>.
/// </summary>
public abstract class Optimizer
{
    /// <summary>The names that <see cref="Named"/> takes.</summary>
    public const string Forms = "gd, momentum[:β], nesterov[:β], adam[:β1[:β2[:ε]]], rmsprop[:α[:ε]], sign";

    private protected Optimizer(double stepSize)
    {
        if (!(stepSize > 0) || !double.IsFinite(stepSize))
        {
            throw new InputException($"The step size must be a positive number, got {stepSize}.");
        }

        StepSize = stepSize;
    }

    /// <summary>η.</summary>
    public double StepSize { get; }

    /// <summary>The rule with its numbers, without the step size, as <see cref="Named"/> takes it.</summary>
    public abstract string Name { get; }

    /// <summary>The rule in words, without the step size.</summary>
    public abstract string Description { get; }

    /// <summary>Whether the steps divide by a matrix P; see <see cref="PreconditionerAt"/>.</summary>
    public virtual bool IsPreconditioned => false;

    /// <summary>
    /// The largest curvature at which the rule is stable on a quadratic: an eigenvalue of the Hessian H, or of P⁻¹H
    /// where it <see cref="IsPreconditioned"/>. Null where there is none, for the reason in <see
    /// cref="ThresholdNote"/>.
    /// </summary>
    public virtual double? StabilityThreshold => null;

    /// <summary>The threshold as a formula, for example 2/η; null where there is none.</summary>
    public virtual string? ThresholdFormula => null;

    /// <summary>What the threshold bounds.</summary>
    public string BoundedCurvature => CurvatureName(IsPreconditioned);

    /// <summary>Why there is no threshold; null where there is one.</summary>
    public virtual string? ThresholdNote => null;

    /// <summary>Names of the vectors that are remembered between steps.</summary>
    public virtual IReadOnlyList<string> Memory => [];

    /// <summary>Whether the numbers of the rule are those of the step before, so that a step can be replayed.</summary>
    private protected virtual bool IsSameEveryStep => true;

    /// <summary>The optimiser of a name, one of <see cref="Forms"/>.</summary>
    /// <param name="name">The name, with its numbers after colons where they are not the usual ones.</param>
    /// <param name="stepSize">η.</param>
    /// <exception cref="InputException">There is no such optimiser, or a number is out of range.</exception>
    public static Optimizer Named(string name, double stepSize)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name.Split(':');
        double Number(int at, double usual) => at >= parts.Length ? usual
            : double.TryParse(parts[at], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number
            : throw new InputException($"'{parts[at]}' in '{name}' is not a number. Optimisers are {Forms}.");
        return (parts[0], parts.Length) switch
        {
            ("gd", 1) => new GradientDescent(stepSize),
            ("momentum", <= 2) => new Momentum(stepSize, Number(1, Momentum.UsualDecay)),
            ("nesterov", <= 2) => new Momentum(stepSize, Number(1, Momentum.UsualDecay), nesterov: true),
            ("adam", <= 4) => new Adam(
                stepSize, Number(1, Adam.UsualFirstDecay), Number(2, Adam.UsualSecondDecay),
                Number(3, Adam.UsualEpsilon)),
            ("rmsprop", <= 3) => new RmsProp(stepSize, Number(1, RmsProp.UsualDecay), Number(2, RmsProp.UsualEpsilon)),
            ("sign", 1) => new SignDescent(stepSize),
            _ => throw new InputException($"There is no optimiser '{name}'. Choose one of {Forms}."),
        };
    }

    /// <summary>A state before the first step, for parameters of this kind: every vector is zero.</summary>
    public OptimizerState Start(VectorBlock parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return new OptimizerState(parameters, Memory);
    }

    /// <summary>Takes one step.</summary>
    /// <param name="parameters">θ, changed in place.</param>
    /// <param name="gradient">∇L(θ).</param>
    /// <param name="state">What is remembered, from <see cref="Start"/>; changed in place.</param>
    /// <param name="previous">Takes θ as it was before the step; null where nobody wants it.</param>
    /// <exception cref="ArgumentException">
    /// The vectors do not fit each other, or the state is another optimiser's.
    /// </exception>
    public void Step(VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous = null)
    {
        Count(parameters, gradient, state, previous);
        Update(parameters, gradient, state, previous);
    }

    /// <summary>Takes one step like <see cref="Step"/>, recorded where the device can and the rule allows it.</summary>
    internal void StepRecorded(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous, Recordings steps)
    {
        Count(parameters, gradient, state, previous);
        if (IsSameEveryStep)
        {
            steps.Run(gradient.Address, () => Update(parameters, gradient, state, previous));
        }
        else
        {
            Update(parameters, gradient, state, previous);
        }
    }

    /// <summary>The next θ minus θ, were a step taken with this gradient and state; neither changes.</summary>
    public VectorBlock Change(VectorBlock gradient, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentNullException.ThrowIfNull(state);
        var change = new VectorBlock(gradient.Device, gradient.Precision, 1, gradient.Length);
        change.Clear();
        using OptimizerState ahead = Start(gradient);
        ahead.CopyFrom(state);
        Step(change, gradient, ahead);
        return change;
    }

    /// <summary>
    /// P times <see cref="Change"/>, P being <see cref="PreconditionerAt"/>: the step before P divides it. The change
    /// itself where there is no P.
    /// </summary>
    public virtual VectorBlock UndividedChange(VectorBlock gradient, OptimizerState state) => Change(gradient, state);

    /// <summary>P of the step that would be taken with this gradient and state.</summary>
    /// <param name="gradient">∇L(θ).</param>
    /// <param name="state">What is remembered, from <see cref="Start"/>.</param>
    /// <returns>P; null where the optimiser has none. It holds until gradient or state change.</returns>
    /// <exception cref="ArgumentException">
    /// The vectors do not fit each other, or the state is another optimiser's.
    /// </exception>
    public Preconditioner? PreconditionerAt(VectorBlock gradient, OptimizerState state)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        ArgumentNullException.ThrowIfNull(state);
        return NextPreconditioner(gradient, state);
    }

    private protected virtual Preconditioner? NextPreconditioner(VectorBlock gradient, OptimizerState state) => null;

    /// <summary>The step itself; <see cref="OptimizerState.Steps"/> counts it already.</summary>
    private protected abstract void Update(
        VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous);

    /// <summary>What the largest eigenvalue of P⁻¹H is called, or that of the Hessian H.</summary>
    internal static string CurvatureName(bool isPreconditioned) =>
        isPreconditioned ? "preconditioned sharpness" : "sharpness";

    private protected static double Decay(double value, string of) => value >= 0 && value < 1
        ? value
        : throw new InputException(Invariant($"The {of} must be at least 0 and below 1, got {value}."));

    private protected static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    // Refuses what does not fit before anything changes.
    private void Count(VectorBlock parameters, VectorBlock gradient, OptimizerState state, VectorBlock? previous)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(state);
        parameters.RequireSame(gradient);
        parameters.RequireSame(previous ?? gradient);
        foreach (string name in Memory)
        {
            parameters.RequireSame(state[name]);
        }

        state.Steps++;
    }
}
