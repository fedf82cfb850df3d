using System.Runtime.InteropServices;

namespace OpposingSignals.Tests.Support;

/// <summary>Libraries that stand in for NVIDIA's; see tests/native/libraries.</summary>
internal static partial class StandIns
{
    /// <summary>Where they were built.</summary>
    public static string Folder => Path.Combine(Repository.Root, "artifacts", "native", "stand-ins");

    /// <summary>Makes an entry point fail, or results <c>wrong</c>, until the result is disposed.</summary>
    public static Fault Fail(string what) => new(what);

    // The process's own environment, which a library reads; .NET keeps a copy of its own.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(string name, string value, int overwrite);

    internal sealed class Fault : IDisposable
    {
        private const string Name = "OPSIG_STAND_IN_FAULT";

        public Fault(string what) => _ = Set(Name, what, 1);

        public void Dispose() => _ = Set(Name, "", 1);
    }
}
