namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>Device memory that cuBLAS and cuBLASLt may work with.</summary>
internal static class GemmWorkspace
{
    /// <summary>What NVIDIA recommends for Hopper is 32 MiB (cuBLAS, section 2.4.8); twice that keeps no algorithm
    /// out.</summary>
    public const long Bytes = 64L << 20;
}
