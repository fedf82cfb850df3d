using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>The loss changes of every sample over a window of steps: a matrix [T, N], one row per step.</summary>
/// <remarks>Row t holds d_i = ℓ_i(θ_s) − ℓ_i(θ_{s−1}) for the step s = <see cref="Steps"/>[t].</remarks>
public sealed class ChangeWindow
{
    private readonly float[] _changes;
    private readonly float[] _resolution;

    /// <summary>A window over copied values.</summary>
    /// <param name="steps">The step of each row, ascending.</param>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="changes">The changes, row by row: T·N values.</param>
    /// <exception cref="ArgumentException">The number of values is not T·N, or the steps do not ascend.</exception>
    public ChangeWindow(ReadOnlySpan<long> steps, int samples, ReadOnlySpan<float> changes)
        : this([.. steps], samples, changes.ToArray(), new float[Math.Max(0, samples)])
    {
    }

    internal ChangeWindow(ImmutableArray<long> steps, int samples, float[] changes, float[] resolution)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        if (changes.Length != (long)steps.Length * samples)
        {
            throw new ArgumentException(
                $"{changes.Length} changes do not fill {steps.Length} steps of {samples} samples.", nameof(changes));
        }

        for (int t = 1; t < steps.Length; t++)
        {
            if (steps[t] <= steps[t - 1])
            {
                throw new ArgumentException($"Step {steps[t]} comes after step {steps[t - 1]}.", nameof(steps));
            }
        }

        Steps = steps;
        Samples = samples;
        _changes = changes;
        _resolution = resolution;
    }

    /// <summary>The step of each row, ascending; they need not be adjacent.</summary>
    public ImmutableArray<long> Steps { get; }

    /// <summary>Number of samples N.</summary>
    public int Samples { get; }

    /// <summary>
    /// The largest error of each sample's changes that comes from rounding its losses; 0 where the losses are not
    /// known.
    /// </summary>
    public ReadOnlySpan<float> Resolution => _resolution;

    /// <summary>The changes of every sample at one step of the window.</summary>
    public ReadOnlySpan<float> Row(int t) => _changes.AsSpan(t * Samples, Samples);

    /// <summary>Copies the trajectory of one sample: its change at each of the T steps.</summary>
    public void CopyTrajectory(int sample, Span<double> trajectory)
    {
        for (int t = 0; t < Steps.Length; t++)
        {
            trajectory[t] = _changes[(t * Samples) + sample];
        }
    }

    /// <summary>The trajectory of one sample in single precision.</summary>
    internal float[] Trajectory(int sample)
    {
        float[] trajectory = new float[Steps.Length];
        for (int t = 0; t < trajectory.Length; t++)
        {
            trajectory[t] = _changes[(t * Samples) + sample];
        }

        return trajectory;
    }

    /// <summary>
    /// The part that alternates from step to step: ½ d_t − ¼ (d_{t−1} + d_{t+1}) at the T − 2 inner steps. An
    /// oscillation of period 2 passes unchanged, a constant or linear drift vanishes.
    /// </summary>
    /// <returns>
    /// This window itself if its steps are not adjacent, because period 2 cannot be told from drift there.
    /// </returns>
    internal ChangeWindow WithoutDrift()
    {
        int steps = Steps.Length;
        if (steps < 3 || Steps[^1] - Steps[0] != steps - 1)
        {
            return this;
        }

        float[] alternating = new float[(steps - 2) * Samples];
        for (int t = 1; t < steps - 1; t++)
        {
            Span<float> row = alternating.AsSpan((t - 1) * Samples, Samples);
            TensorPrimitives.Add(Row(t - 1), Row(t + 1), row);
            TensorPrimitives.Multiply(row, -0.5f, row);
            TensorPrimitives.Add(row, Row(t), row);
            TensorPrimitives.Multiply(row, 0.5f, row);
        }

        return new ChangeWindow(Steps[1..^1], Samples, alternating, _resolution);
    }

    /// <summary>(−1)^s for the step of a row.</summary>
    internal int Parity(int t) => (Steps[t] & 1) == 0 ? 1 : -1;
}
