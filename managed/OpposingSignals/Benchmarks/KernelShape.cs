using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks;

/// <summary>Kernels at a shape at which they are timed, from a line of a file of shapes: <c>NAME KEY=VALUE ...</c>,
/// with # before a comment. The forms are those of <see cref="LayerShape"/>, <see cref="LossShape"/> and
/// <see cref="VectorShape"/>.</summary>
/// <param name="Text">The line, without what does not matter.</param>
public abstract record KernelShape(string Text)
{
    /// <summary>The shapes in a file.</summary>
    /// <exception cref="InputException">The file cannot be read, or a line of it is wrong; the message names
    /// it.</exception>
    public static IReadOnlyList<KernelShape> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The shapes in {path} cannot be read: {e.Message}", e);
        }

        var shapes = new List<KernelShape>();
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Split('#')[0].Trim();
            if (line.Length == 0)
            {
                continue;
            }

            try
            {
                shapes.Add(Parse(line));
            }
            catch (InputException e)
            {
                throw new InputException($"{path}, line {i + 1}: {e.Message}", e);
            }
        }

        return shapes;
    }

    /// <summary>The shape that a line describes.</summary>
    /// <exception cref="InputException">There is no such kernel, or a value is missing, unknown or wrong.</exception>
    public static KernelShape Parse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        string name = words[0], text = string.Join(' ', words);
        var values = new ShapeValues(words[1..]);
        KernelShape shape = LayerShape.Parse(name, text, values) as KernelShape
            ?? LossShape.Parse(name, text, values) as KernelShape
            ?? VectorShape.Parse(name, text, values)
            ?? throw new InputException(
                $"There is no layer, loss or operation on vectors '{name}'. Known: "
                + $"{string.Join(", ", [.. LayerShape.Names, .. LossShape.Names, .. VectorShape.Names])}.");
        values.RequireAllUsed();
        return shape;
    }

    /// <summary>Times every pass on operands in the device's memory.</summary>
    /// <param name="device">Where.</param>
    /// <param name="precision">Element type.</param>
    /// <param name="seconds">Time to spend on each pass, and on each library beside it.</param>
    /// <param name="libraries">What is timed beside it; null for nothing.</param>
    public IReadOnlyList<KernelTiming> Time(
        Device device, Precision precision, double seconds, KernelLibraries? libraries = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        using var memory = new PatternMemory(device, precision);
        return Time(memory, new WorkTimer(device, seconds), libraries?.Found ?? []);
    }

    private protected abstract IReadOnlyList<KernelTiming> Time(
        PatternMemory memory, WorkTimer timer, IReadOnlyList<KernelLibrary> libraries);

    /// <summary>The timing of one pass, or why there is none.</summary>
    private protected KernelTiming Timing(WorkTimer timer, string pass, double flops, double bytes, Action work)
    {
        try
        {
            return new KernelTiming(this, pass, timer.Of(work), flops, bytes);
        }
        catch (NotSupportedException e)
        {
            return new KernelTiming(this, pass, double.NaN, flops, bytes) { NotRun = e.Message };
        }
    }
}
