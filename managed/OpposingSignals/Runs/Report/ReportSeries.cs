using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>A quantity at some steps of a run.</summary>
public sealed record ReportSeries
{
    /// <summary>A series without steps.</summary>
    public static ReportSeries Empty { get; } = new([], []);

    /// <summary>A series of values; NaN or an infinity is drawn as a gap.</summary>
    /// <param name="steps">Steps, ascending.</param>
    /// <param name="values">The value at each step.</param>
    /// <exception cref="ArgumentException">Not as many values as steps, or the steps do not ascend.</exception>
    public ReportSeries(ImmutableArray<long> steps, ImmutableArray<double> values)
    {
        if (steps.Length != values.Length)
        {
            throw new ArgumentException($"{values.Length} values given for {steps.Length} steps.", nameof(values));
        }

        for (int i = 1; i < steps.Length; i++)
        {
            if (steps[i] <= steps[i - 1])
            {
                throw new ArgumentException($"Step {steps[i]} comes after step {steps[i - 1]}.", nameof(steps));
            }
        }

        Steps = steps;
        Values = values;
    }

    /// <summary>A column of a run's metrics, at the steps where it was measured.</summary>
    public static ReportSeries Of(MetricsTable metrics, string column)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        double?[] values = metrics[column];
        int[] measured = [.. Enumerable.Range(0, values.Length).Where(i => values[i] is not null)];
        return new ReportSeries(
            [.. measured.Select(i => metrics.Steps[i])], [.. measured.Select(i => values[i]!.Value)]);
    }

    /// <summary>Steps, ascending.</summary>
    public ImmutableArray<long> Steps { get; }

    /// <summary>The value at each step.</summary>
    public ImmutableArray<double> Values { get; }

    /// <summary>Number of steps with a finite value.</summary>
    public int FiniteCount => Values.Count(double.IsFinite);
}
