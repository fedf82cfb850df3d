namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A library of NVIDIA's cannot be had, or a call to it failed; the message names the library, the call and
/// its status.</summary>
public sealed class LibraryException(string message) : Exception(message);
