using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>How a tiled product is cut: the side of a block's tile, and in how many shares the depth. A function of the
/// shape alone, so that results do not depend on the device.</summary>
internal readonly struct TilePlan
{
    // Blocks that keep the 132 multiprocessors of an H100 busy, with some to spare for the last wave.
    private const long EnoughBlocks = 264;

    // A share below this depth spends its time on filling the pipeline and on writing its part.
    private const long SmallestShare = 256;

    // As in tile_product.cuh and tensor_product.cuh.
    private const int DepthStep = 16;
    private const int TensorThreads = 128;
    private const int TensorStages = 4;

    /// <param name="precision">Precision of the operands.</param>
    /// <param name="arithmetic">How they are multiplied.</param>
    /// <param name="rows">Rows of a product.</param>
    /// <param name="columns">Columns of a product.</param>
    /// <param name="depth">Terms of a sum.</param>
    /// <param name="batch">Products of a kind.</param>
    /// <param name="cutsDepth">Whether blocks may share the depth of a product.</param>
    /// <param name="phases">Kinds of products; a grid has the same tile of all of them next to each other.</param>
    public TilePlan(
        Precision precision, ProductArithmetic arithmetic, long rows, long columns, long depth, long batch,
        bool cutsDepth, long phases = 1)
    {
        long products = batch * phases;

        // Half of a tile that overhangs is lost work; below enough blocks a smaller tile uses more of the device.
        int smallest = arithmetic == ProductArithmetic.Float32 ? 32 : 64;
        Tile = precision == Precision.Float64 || arithmetic == ProductArithmetic.Tf32x3 ? 64 : 128;
        while (Tile > smallest
            && (Math.Min(rows, columns) <= Tile / 2 || Blocks(rows, columns, products) < EnoughBlocks))
        {
            Tile /= 2;
        }

        long wanted = cutsDepth ? Math.Min(EnoughBlocks / Blocks(rows, columns, products), depth / SmallestShare) : 1;
        DepthOfShare = Math.Max(1, (depth + Math.Max(1, wanted) - 1) / Math.Max(1, wanted) + DepthStep - 1) / DepthStep * DepthStep;
        Shares = Math.Max(1, (depth + DepthOfShare - 1) / DepthOfShare);
        int threads = arithmetic == ProductArithmetic.Float32 ? CudaGrid.Standard : TensorThreads;
        Grid = new CudaGrid(Blocks(rows, columns, phases), batch, Shares, threads);
    }

    /// <summary>Rows and columns of a block's tile.</summary>
    public int Tile { get; }

    /// <summary>Depth of a share, the last one excepted.</summary>
    public long DepthOfShare { get; }

    /// <summary>Shares of the depth.</summary>
    public long Shares { get; }

    public CudaGrid Grid { get; }

    private long Blocks(long rows, long columns, long products) =>
        (rows + Tile - 1) / Tile * ((columns + Tile - 1) / Tile) * products;

    /// <summary>What a kernel is told; <paramref name="partial"/> is null where the depth is not cut.</summary>
    public Native For(nint partial) => new() { DepthOfShare = DepthOfShare, Partial = partial };

    /// <summary>The kernels of one operation.</summary>
    internal sealed class Kernels
    {
        private readonly Dictionary<(ProductArithmetic Arithmetic, int Tile), CudaKernel> _kernels = [];

        /// <summary>
        /// NAME_TILE_PRECISION in MODULE, and NAME_TILE_ARITHMETIC in MODULE_tensor; not all have tiles of 128.
        /// </summary>
        public Kernels(string module, string name)
        {
            foreach (int tile in (int[])[32, 64, 128])
            {
                _kernels.Add((ProductArithmetic.Float32, tile), new CudaKernel(module, $"{name}_{tile}"));
            }

            foreach (ProductArithmetic arithmetic in Enum.GetValues<ProductArithmetic>()[1..])
            {
                foreach (int tile in (int[])[64, 128])
                {
                    _kernels.Add((arithmetic, tile), new CudaKernel(
                        module + "_tensor", $"{name}_{tile}_{arithmetic.Name()}", hasPrecisions: false,
                        SharedBytes(tile)));
                }
            }
        }

        public CudaKernel For(ProductArithmetic arithmetic, in TilePlan plan) => _kernels[(arithmetic, plan.Tile)];

        // Two operands, padded as TensorOperand is.
        private static int SharedBytes(int tile) => TensorStages * 2 * tile * (DepthStep + 4) * sizeof(float);
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Native
    {
        public long DepthOfShare;
        public nint Partial;
    }
}
