using OpposingSignals.Benchmarks.Libraries;

namespace OpposingSignals.Benchmarks;

/// <summary>How fast kernels do a pass of a layer, or another operation.</summary>
/// <param name="Shape">What, and its shape.</param>
/// <param name="Pass">Which pass.</param>
/// <param name="Seconds">Time of one run.</param>
/// <param name="Flops">Multiplications and additions of its products; 0 where it has none.</param>
/// <param name="Bytes">What must be moved at least: every operand once.</param>
public sealed record KernelTiming(KernelShape Shape, string Pass, double Seconds, double Flops, double Bytes)
{
    /// <summary>Why there is no time; null where there is one.</summary>
    public string? NotRun { get; init; }

    /// <summary>What libraries take for the same.</summary>
    public IReadOnlyList<LibraryTiming> Libraries { get; init; } = [];

    /// <summary>10¹² multiplications and additions in a second.</summary>
    public double TeraflopsPerSecond => Flops / Seconds / 1e12;

    /// <summary>10⁹ bytes in a second.</summary>
    public double GigabytesPerSecond => Bytes / Seconds / 1e9;

    /// <summary>Share of the time that the nearer of the two ceilings would take.</summary>
    public double ShareOf(Ceilings ceilings)
    {
        ArgumentNullException.ThrowIfNull(ceilings);
        return Math.Max(Flops / ceilings.Flops, Bytes / ceilings.Bytes) / Seconds;
    }

    /// <summary>Whether arithmetic rather than memory is the nearer ceiling.</summary>
    public bool IsBoundByArithmetic(Ceilings ceilings)
    {
        ArgumentNullException.ThrowIfNull(ceilings);
        return Flops / ceilings.Flops > Bytes / ceilings.Bytes;
    }
}
