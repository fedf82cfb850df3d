namespace OpposingSignals.Outliers;

/// <summary>
/// How steadily a loss goes up on one step and down on the next: alternation = mean_t sign(d_t) (−1)^t. An absolute
/// value near 1 is an oscillation of period 2; the sign says whether the loss rises on even (+) or on odd (−) steps.
/// </summary>
public static class AlternationScore
{
    /// <summary>
    /// The score of every sample over a window; a change that is zero or not a number adds nothing to the sum.
    /// </summary>
    /// <param name="window">Loss changes [T, N] with T at least 1.</param>
    /// <param name="scores">Receives N scores between −1 and 1.</param>
    /// <exception cref="ArgumentException">The window is empty, or there is not room for N scores.</exception>
    public static void Compute(ChangeWindow window, Span<double> scores)
    {
        ArgumentNullException.ThrowIfNull(window);
        if (window.Steps.Length == 0 || scores.Length != window.Samples)
        {
            throw new ArgumentException(
                $"{window.Steps.Length} steps of {window.Samples} samples do not give {scores.Length} scores.",
                nameof(scores));
        }

        scores.Clear();
        for (int t = 0; t < window.Steps.Length; t++)
        {
            ReadOnlySpan<float> row = window.Row(t);
            double weight = (double)window.Parity(t) / window.Steps.Length;
            for (int i = 0; i < row.Length; i++)
            {
                scores[i] += weight * ((row[i] > 0 ? 1 : 0) - (row[i] < 0 ? 1 : 0));
            }
        }
    }

    /// <summary>The score of one trajectory, for instance the mean loss change of a group.</summary>
    /// <param name="steps">The step of each change.</param>
    /// <param name="changes">As many changes as steps; at least one.</param>
    /// <exception cref="ArgumentException">There are no changes, or not as many as steps.</exception>
    public static double Compute(ReadOnlySpan<long> steps, ReadOnlySpan<double> changes)
    {
        if (steps.Length == 0 || steps.Length != changes.Length)
        {
            throw new ArgumentException($"{changes.Length} changes given for {steps.Length} steps.", nameof(changes));
        }

        int sum = 0;
        for (int t = 0; t < steps.Length; t++)
        {
            int sign = (changes[t] > 0 ? 1 : 0) - (changes[t] < 0 ? 1 : 0);
            sum += (steps[t] & 1) == 0 ? sign : -sign;
        }

        return (double)sum / steps.Length;
    }
}
