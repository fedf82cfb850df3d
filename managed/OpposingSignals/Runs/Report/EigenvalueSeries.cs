using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>One eigenvalue of the Hessian at the steps at which it was measured.</summary>
public sealed record EigenvalueSeries
{
    /// <summary>A series that was never measured.</summary>
    public static EigenvalueSeries Empty { get; } = new(ReportSeries.Empty, []);

    /// <summary>A measured eigenvalue.</summary>
    /// <param name="values">Ritz values θ.</param>
    /// <param name="residuals">
    /// |H v − θ v| of each for its unit vector v; empty if not known, NaN where not known.
    /// </param>
    /// <exception cref="ArgumentException">Not as many residuals as values.</exception>
    public EigenvalueSeries(ReportSeries values, ImmutableArray<double> residuals)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!residuals.IsEmpty && residuals.Length != values.Values.Length)
        {
            throw new ArgumentException(
                $"{residuals.Length} residuals given for {values.Values.Length} eigenvalues.", nameof(residuals));
        }

        Values = values;
        Residuals = residuals;
    }

    /// <summary>Ritz values θ.</summary>
    public ReportSeries Values { get; }

    /// <summary>|H v − θ v|; empty if not known. An eigenvalue lies within this distance of θ.</summary>
    public ImmutableArray<double> Residuals { get; }

    /// <summary>
    /// Whether |H v − θ v| is larger than <paramref name="tolerance"/>·|θ|; false where it is not known.
    /// </summary>
    public bool IsUnconverged(int index, double tolerance) =>
        !Residuals.IsEmpty && Residuals[index] > tolerance * Math.Abs(Values.Values[index]);
}
