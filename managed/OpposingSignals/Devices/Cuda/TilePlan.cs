using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>How a tiled product is cut: the side of a block's tile, and in how many shares the depth. A function of the shape alone,
/// so that results do not depend on the device.</summary>
internal readonly struct TilePlan
{
    // Blocks that keep the 132 multiprocessors of an H100 busy, with some to spare for the last wave.
    private const long EnoughBlocks = 264;

    // A share below this depth spends its time on filling the pipeline and on writing its part.
    private const long SmallestShare = 256;

    // As in tile_product.cuh.
    private const long DepthStep = 16;

    public TilePlan(Precision precision, long rows, long columns, long depth, long batch, bool cutsDepth)
    {
        // Half of a tile that overhangs is lost work; below enough blocks a smaller tile uses more of the device.
        Tile = precision == Precision.Float64 ? 64 : 128;
        while (Tile > 32 && (Math.Min(rows, columns) <= Tile / 2 || Blocks(rows, columns, batch) < EnoughBlocks))
        {
            Tile /= 2;
        }

        long wanted = cutsDepth ? Math.Min(EnoughBlocks / Blocks(rows, columns, batch), depth / SmallestShare) : 1;
        DepthOfShare = Math.Max(1, (depth + Math.Max(1, wanted) - 1) / Math.Max(1, wanted) + DepthStep - 1) / DepthStep * DepthStep;
        Shares = Math.Max(1, (depth + DepthOfShare - 1) / DepthOfShare);
        Grid = new CudaGrid((rows + Tile - 1) / Tile * ((columns + Tile - 1) / Tile), batch, Shares);
    }

    /// <summary>Rows and columns of a block's tile.</summary>
    public int Tile { get; }

    /// <summary>Depth of a share, the last one excepted.</summary>
    public long DepthOfShare { get; }

    /// <summary>Shares of the depth.</summary>
    public long Shares { get; }

    public CudaGrid Grid { get; }

    private long Blocks(long rows, long columns, long batch) =>
        (rows + Tile - 1) / Tile * ((columns + Tile - 1) / Tile) * batch;

    /// <summary>What a kernel is told; <paramref name="partial"/> is null where the depth is not cut.</summary>
    public Native For(nint partial) => new() { DepthOfShare = DepthOfShare, Partial = partial };

    /// <summary>The kernels of one name for each tile; those of 128 exist in float32 alone.</summary>
    public static CudaKernel KernelOf(CudaKernel[] kernels, int tile) => kernels[tile == 128 ? 2 : tile / 64];

    /// <summary>The kernels MODULE, NAME_32, NAME_64, NAME_128.</summary>
    public static CudaKernel[] Kernels(string module, string name) =>
        [new(module, name + "_32"), new(module, name + "_64"), new(module, name + "_128")];

    [StructLayout(LayoutKind.Sequential)]
    internal struct Native
    {
        public long DepthOfShare;
        public nint Partial;
    }
}
