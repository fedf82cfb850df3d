using System.Collections.Immutable;

namespace OpposingSignals.Outliers;

/// <summary>The loss changes of every sample over a window of steps: a matrix [T, N], one row per step.</summary>
/// <remarks>Row t holds d_i = ℓ_i(θ_s) − ℓ_i(θ_{s−1}) for the step s = <see cref="Steps"/>[t].</remarks>
public sealed class ChangeWindow
{
    private readonly float[] _changes;

    /// <summary>A window over copied values.</summary>
    /// <param name="steps">The step of each row, ascending.</param>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="changes">The changes, row by row: T·N values.</param>
    /// <exception cref="ArgumentException">The number of values is not T·N, or the steps do not ascend.</exception>
    public ChangeWindow(ReadOnlySpan<long> steps, int samples, ReadOnlySpan<float> changes)
        : this([.. steps], samples, changes.ToArray())
    {
    }

    internal ChangeWindow(ImmutableArray<long> steps, int samples, float[] changes)
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
    }

    /// <summary>The step of each row, ascending; they need not be adjacent.</summary>
    public ImmutableArray<long> Steps { get; }

    /// <summary>Number of samples N.</summary>
    public int Samples { get; }

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

    /// <summary>(−1)^s for the step of a row.</summary>
    internal int Parity(int t) => (Steps[t] & 1) == 0 ? 1 : -1;
}
