using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpposingSignals.Runs;

/// <summary>
/// The numbers of a run, a row per step: comma-separated values that are only ever appended to.
/// </summary>
/// <remarks>
/// <para>
/// The first line is <c>step</c> and the column names; each further line is a step and its values, in the shortest
/// decimal form that reads back as the same float64 (<c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c> where they are
/// not finite), empty where nothing was measured. Lines end in a line feed, the last one included: a line without it
/// was torn by a kill and counts as absent.
/// </para>
/// <para>
/// A run flushes this file before it writes a checkpoint. It then resumes with <see cref="OpenForResume"/> at the
/// checkpoint's step and ends with the bytes of the run that was never interrupted.
/// </para>
/// </remarks>
public sealed class MetricsFile : IDisposable
{
    private const string StepColumn = "step";

    private static readonly SearchValues<char> Forbidden = SearchValues.Create(",\"\r\n");

    private readonly FileStream _stream;
    private readonly StringBuilder _line = new();

    private MetricsFile(FileStream stream, IReadOnlyList<string> columns, long? lastStep)
    {
        _stream = stream;
        Columns = columns;
        LastStep = lastStep;
    }

    /// <summary>Column names, without the leading <c>step</c>.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The step of the last row; null while there is none.</summary>
    public long? LastStep { get; private set; }

    /// <summary>Starts a file.</summary>
    /// <param name="path">A file that does not exist yet.</param>
    /// <param name="columns">
    /// Distinct names without commas, quotes and line breaks; <c>step</c> is added in front.
    /// </param>
    /// <exception cref="ArgumentException">A column name cannot be used.</exception>
    /// <exception cref="IOException">The file exists or cannot be written.</exception>
    public static MetricsFile Create(string path, IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        HashSet<string> names = [StepColumn];
        foreach (string column in columns)
        {
            if (column.Length == 0 || column.AsSpan().ContainsAny(Forbidden) || !names.Add(column))
            {
                throw new ArgumentException($"'{column}' is not a name for a further column.", nameof(columns));
            }
        }

        var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        stream.Write(Encoding.UTF8.GetBytes($"{string.Join(',', columns.Prepend(StepColumn))}\n"));
        var file = new MetricsFile(stream, [.. columns], null);
        file.Flush();
        AtomicFile.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return file;
    }

    /// <summary>Opens a file to go on after a step; rows behind it, and a torn last line, are cut off.</summary>
    /// <param name="path">A file that <see cref="Create"/> made.</param>
    /// <param name="lastStep">Last step to keep. <see cref="LastStep"/> tells whether its row is there.</param>
    /// <exception cref="InputException">The file is missing, or is not a metrics file.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static MetricsFile OpenForResume(string path, long lastStep)
    {
        Content content = Parse(path, lastStep);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read);
        stream.SetLength(content.Length);
        stream.Seek(0, SeekOrigin.End);
        return new MetricsFile(stream, content.Columns, content.Steps.Count > 0 ? content.Steps[^1] : null);
    }

    /// <summary>Reads a file; it may still be growing.</summary>
    /// <exception cref="InputException">The file is missing, or is not a metrics file.</exception>
    public static MetricsTable Read(string path)
    {
        Content content = Parse(path, long.MaxValue);
        var columns = new OrderedDictionary<string, double?[]>();
        for (int c = 0; c < content.Columns.Length; c++)
        {
            columns.Add(content.Columns[c], [.. content.Rows.Select(row => row[c])]);
        }

        return new MetricsTable(content.Steps, columns);
    }

    /// <summary>Adds a row. It reaches the disk with the next <see cref="Flush"/>.</summary>
    /// <param name="step">Greater than <see cref="LastStep"/>.</param>
    /// <param name="values">One per column; null where nothing was measured.</param>
    /// <exception cref="ArgumentException">
    /// The step does not follow, or the values do not match the columns.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Append(long step, params ReadOnlySpan<double?> values)
    {
        if (step <= LastStep)
        {
            throw new ArgumentException($"Step {step} does not follow step {LastStep}.", nameof(step));
        }

        if (values.Length != Columns.Count)
        {
            throw new ArgumentException($"{values.Length} values do not fill {Columns.Count} columns.", nameof(values));
        }

        _line.Clear().Append(CultureInfo.InvariantCulture, $"{step}");
        foreach (double? value in values)
        {
            _line.Append(',');
            if (value is { } measured)
            {
                _line.Append(measured.ToString("R", CultureInfo.InvariantCulture));
            }
        }

        byte[] line = Encoding.UTF8.GetBytes(_line.Append('\n').ToString());
        OnDisk(() => _stream.Write(line));
        LastStep = step;
    }

    /// <summary>Waits until every row is on the disk.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Flush() => OnDisk(() => _stream.Flush(flushToDisk: true));

    /// <summary>Writes what is pending and closes the file.</summary>
    public void Dispose() => OnDisk(_stream.Dispose);

    private void OnDisk(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (AtomicFile.IsDiskFailure(e))
        {
            throw new IOException($"{_stream.Name} could not be written: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static Content Parse(string path, long lastStep)
    {
        byte[] bytes;
        try
        {
            bytes = ReadShared(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        int end = bytes.AsSpan().IndexOf((byte)'\n');
        string[] header = end < 0 ? [] : Encoding.UTF8.GetString(bytes, 0, end).Split(',');
        if (header.Length == 0 || header[0] != StepColumn || header.Distinct().Count() != header.Length)
        {
            throw new InputException($"{path}: the first line is not '{StepColumn}' and distinct column names.");
        }

        var content = new Content(header[1..], [], [], end + 1);
        while ((end = bytes.AsSpan(content.Length).IndexOf((byte)'\n')) >= 0)
        {
            string line = Encoding.UTF8.GetString(bytes, content.Length, end);
            string[] fields = line.Split(',');
            double?[] row = new double?[content.Columns.Length];
            if (fields.Length != header.Length || !TryParse(fields, out long step, row) ||
                (content.Steps.Count > 0 && step <= content.Steps[^1]))
            {
                throw new InputException(
                    $"{path}: line {content.Steps.Count + 2} is not a later step and {row.Length} values.");
            }

            if (step > lastStep)
            {
                break;
            }

            content.Steps.Add(step);
            content.Rows.Add(row);
            content = content with { Length = content.Length + end + 1 };
        }

        return content;
    }

    private static bool TryParse(string[] fields, out long step, double?[] row)
    {
        bool good = long.TryParse(fields[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out step);
        for (int i = 0; i < row.Length; i++)
        {
            if (fields[i + 1].Length > 0)
            {
                good &= double.TryParse(
                    fields[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
                row[i] = value;
            }
        }

        return good;
    }

    /// <summary>File.ReadAllBytes refuses a file that a run still has open for writing.</summary>
    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The good lines of a file.</summary>
    /// <param name="Columns">Names without <c>step</c>.</param>
    /// <param name="Steps">Step of each row.</param>
    /// <param name="Rows">Values of each row.</param>
    /// <param name="Length">Bytes of the header and these rows.</param>
    private sealed record Content(string[] Columns, List<long> Steps, List<double?[]> Rows, int Length);
}
