namespace OpposingSignals.Runs;

/// <summary>The content of a metrics file, column by column.</summary>
/// <param name="Steps">The step of each row, strictly increasing.</param>
/// <param name="Columns">
/// Values by column name, in the file's order: one per row, null where nothing was measured.
/// </param>
public sealed record MetricsTable(IReadOnlyList<long> Steps, OrderedDictionary<string, double?[]> Columns)
{
    /// <summary>The values of a column.</summary>
    /// <exception cref="InputException">There is no such column.</exception>
    public double?[] this[string column] =>
        Columns.TryGetValue(column, out double?[]? values)
            ? values
            : throw new InputException($"The metrics have no column '{column}'.");
}
