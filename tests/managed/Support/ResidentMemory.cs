using System.Globalization;

namespace OpposingSignals.Tests.Support;

/// <summary>Bytes of this process that are in memory, as Linux counts them.</summary>
internal static class ResidentMemory
{
    /// <summary>At this moment.</summary>
    public static long Now => Read("VmRSS:");

    /// <summary>The most since the process began.</summary>
    public static long Peak => Read("VmHWM:");

    // The file has lines such as "VmRSS:     1234 kB", a kB being 1024 bytes.
    private static long Read(string name)
    {
        string line = File.ReadLines("/proc/self/status")
            .First(text => text.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
