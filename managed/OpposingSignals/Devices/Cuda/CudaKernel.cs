namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// A kernel of <c>native/cuda</c>: the module is the source file, and each precision is a function of its own.
/// </summary>
/// <param name="module">Source file without extension.</param>
/// <param name="name">Name without the precision.</param>
/// <param name="hasPrecisions">False for a kernel whose types do not depend on the precision.</param>
/// <param name="sharedBytes">Shared memory that a launch asks for, beside what the kernel declares.</param>
internal sealed class CudaKernel(string module, string name, bool hasPrecisions = true, int sharedBytes = 0)
{
    public string Module { get; } = module;

    public int SharedBytes { get; } = sharedBytes;

    /// <summary>The name in the module.</summary>
    public string NameFor(Precision precision) =>
        !hasPrecisions ? name : precision == Precision.Float64 ? name + "_float64" : name + "_float32";
}

/// <summary>How many blocks, and threads in each.</summary>
internal readonly record struct CudaGrid(long X, long Y = 1, long Z = 1, int Threads = CudaGrid.Standard)
{
    /// <summary>
    /// Threads of a block unless a kernel says otherwise: eight warps, of which any multiprocessor holds several
    /// blocks.
    /// </summary>
    public const int Standard = 256;

    // Enough blocks to fill any GPU many times over; a thread then takes several elements.
    private const long MostBlocks = 1 << 14;

    /// <summary>For kernels whose threads walk over elements.</summary>
    public static CudaGrid Over(long elements) => new(Math.Clamp((elements + Standard - 1) / Standard, 1, MostBlocks));

    /// <summary>For kernels whose warps walk over items.</summary>
    public static CudaGrid OverWarps(long items) => Over(items * 32);

    public override string ToString() => $"[{X} x {Y} x {Z} blocks of {Threads}]";
}
