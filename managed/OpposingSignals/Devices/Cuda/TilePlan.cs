using System.Runtime.InteropServices;

namespace OpposingSignals.Devices.Cuda;

/// <summary>How a tiled product is cut: the tile of a block, and in how many shares the depth. A function of the shape
/// and of what the device multiplies with, not of how many multiprocessors it has.</summary>
internal readonly struct TilePlan
{
    // Blocks that keep the 132 multiprocessors of an H100 busy, with some to spare for the last wave; of blocks that
    // take a multiprocessor each, one for each.
    private const long EnoughBlocks = 264;
    private const long EnoughWarpgroupBlocks = 132;

    // A share below this depth spends its time on filling the pipeline and on writing its part.
    private const long SmallestShare = 256;

    // As in tile_product.cuh, tensor_product.cuh and warpgroup_product.cuh.
    private const int DepthStep = 16;
    private const int TensorThreads = 128;
    private const int TensorStages = 4;
    private const int WarpgroupDepthStep = 32;
    private const int WarpgroupStages = 3;

    // The registers of a block hold the sums of 128 x 256, or those of 128 x 128 beside two parts of each operand.
    private static readonly TileShape[] WarpgroupTiles = [new(128, 256), new(64, 256), new(256, 64), new(128, 128)];
    private static readonly TileShape[] WarpgroupTilesOfTwoParts = [new(128, 128)];

    /// <param name="core">What multiplies, if it can take these operands.</param>
    /// <param name="rows">Rows of a product.</param>
    /// <param name="columns">Columns of a product.</param>
    /// <param name="depth">Terms of a sum.</param>
    /// <param name="batch">Products of a kind.</param>
    /// <param name="cutsDepth">Whether blocks may share the depth of a product.</param>
    /// <param name="phases">Kinds of products; a grid has the same tile of all of them next to each other.</param>
    public TilePlan(
        in ProductCore core, long rows, long columns, long depth, long batch, bool cutsDepth, long phases = 1)
    {
        long products = batch * phases;
        long mostShares = cutsDepth ? MostShares(depth) : 1;
        Tile = Square(core, rows, columns, products);
        long enough = EnoughBlocks;
        foreach (TileShape tile in core.HasWarpgroups ? WarpgroupTilesOf(core.Arithmetic) : [])
        {
            if (tile.Blocks(rows, columns) * products * mostShares >= EnoughWarpgroupBlocks
                && tile.Cost(rows, columns).CompareTo(Tile.Cost(rows, columns)) <= 0)
            {
                (Tile, UsesWarpgroups, enough) = (tile, true, EnoughWarpgroupBlocks);
            }
        }

        (DepthOfShare, Shares) = Cut(
            depth, Math.Min(enough / (Tile.Blocks(rows, columns) * products), mostShares),
            UsesWarpgroups ? WarpgroupDepthStep : DepthStep);
        int threads =
            core.Arithmetic == ProductArithmetic.Float32 || UsesWarpgroups ? CudaGrid.Standard : TensorThreads;
        Grid = new CudaGrid(Tile.Blocks(rows, columns) * phases, batch, Shares, threads);
    }

    /// <summary>Rows and columns of a block's tile.</summary>
    public TileShape Tile { get; }

    /// <summary>Whether warpgroups multiply, see <c>warpgroup_product.cuh</c>.</summary>
    public bool UsesWarpgroups { get; }

    /// <summary>Depth of a share, the last one excepted.</summary>
    public long DepthOfShare { get; }

    /// <summary>Shares of the depth.</summary>
    public long Shares { get; }

    public CudaGrid Grid { get; }

    /// <summary>
    /// Shares of a sum for blocks of which enough are to be busy: of how many of its terms each is, and how many shares.
    /// </summary>
    public static (long OfShare, long Shares) Cut(long depth, long blocks) =>
        Cut(depth, Math.Min(EnoughBlocks / blocks, MostShares(depth)), step: 1);

    /// <summary>What a kernel is told; <paramref name="partial"/> is null where the depth is not cut.</summary>
    public Native For(nint partial) => new() { DepthOfShare = DepthOfShare, Partial = partial };

    private static long MostShares(long depth) => Math.Max(1, depth / SmallestShare);

    private static (long OfShare, long Shares) Cut(long depth, long wanted, long step)
    {
        wanted = Math.Max(1, wanted);
        long ofShare = Math.Max(1, (depth + wanted - 1) / wanted + step - 1) / step * step;
        return (ofShare, Math.Max(1, (depth + ofShare - 1) / ofShare));
    }

    // Half of a tile that overhangs is lost work; below enough blocks a smaller tile uses more of the device.
    private static TileShape Square(in ProductCore core, long rows, long columns, long products)
    {
        int smallest = core.Arithmetic == ProductArithmetic.Float32 ? 32 : 64;
        int side = core.Precision == Precision.Float64 || core.Arithmetic == ProductArithmetic.Tf32x3 ? 64 : 128;
        while (side > smallest
            && (Math.Min(rows, columns) <= side / 2
                || new TileShape(side, side).Blocks(rows, columns) * products < EnoughBlocks))
        {
            side /= 2;
        }

        return new TileShape(side, side);
    }

    private static TileShape[] WarpgroupTilesOf(ProductArithmetic arithmetic) =>
        arithmetic == ProductArithmetic.Tf32x3 ? WarpgroupTilesOfTwoParts : WarpgroupTiles;

    /// <summary>The kernels of one operation.</summary>
    internal sealed class Kernels
    {
        private readonly Dictionary<(ProductArithmetic Arithmetic, bool UsesWarpgroups, TileShape Tile), CudaKernel>
            _kernels = [];

        /// <summary>
        /// NAME_SIDE_PRECISION in MODULE, NAME_SIDE_ARITHMETIC in MODULE_tensor and NAME_ROWSxCOLUMNS_ARITHMETIC in
        /// MODULE_warpgroup; not all have squares of 128.
        /// </summary>
        public Kernels(string module, string name)
        {
            foreach (int side in (int[])[32, 64, 128])
            {
                _kernels.Add(
                    (ProductArithmetic.Float32, false, new(side, side)), new CudaKernel(module, $"{name}_{side}"));
            }

            foreach (ProductArithmetic arithmetic in Enum.GetValues<ProductArithmetic>()[1..])
            {
                foreach (int side in (int[])[64, 128])
                {
                    _kernels.Add((arithmetic, false, new(side, side)), new CudaKernel(
                        module + "_tensor", $"{name}_{side}_{arithmetic.Name()}", hasPrecisions: false,
                        TensorBytes(side)));
                }

                foreach (TileShape tile in WarpgroupTilesOf(arithmetic))
                {
                    _kernels.Add((arithmetic, true, tile), new CudaKernel(
                        module + ProductCore.WarpgroupModule, $"{name}_{tile}_{arithmetic.Name()}",
                        hasPrecisions: false, WarpgroupBytes(arithmetic, tile)));
                }
            }
        }

        public CudaKernel For(in ProductCore core, in TilePlan plan) =>
            _kernels[(core.Arithmetic, plan.UsesWarpgroups, plan.Tile)];

        // Two operands, padded as TensorOperand is.
        private static int TensorBytes(int side) => TensorStages * 2 * side * (DepthStep + 4) * sizeof(float);

        // Two operands of numbers that are rounded, as SharedLines.
        private static int WarpgroupBytes(ProductArithmetic arithmetic, TileShape tile)
        {
            int bytesOfNumber = arithmetic switch
            {
                ProductArithmetic.Bfloat16 => 2,
                ProductArithmetic.Tf32x3 => 2 * sizeof(float),
                _ => sizeof(float),
            };
            int stages = WarpgroupStages * (tile.Rows + tile.Columns) * WarpgroupDepthStep * bytesOfNumber;
            return Math.Max(stages, FollowedBytes(tile));
        }

        // The results themselves, as FollowedTile: padded, and with two numbers for each row.
        private static int FollowedBytes(TileShape tile) =>
            tile.Rows * (((tile.Columns + 4) * sizeof(float)) + (2 * sizeof(long)));
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Native
    {
        public long DepthOfShare;
        public nint Partial;
    }
}

/// <summary>Rows and columns of a block's part of a product.</summary>
internal readonly record struct TileShape(int Rows, int Columns)
{
    /// <summary>Blocks of a product.</summary>
    public long Blocks(long rows, long columns) => (rows + Rows - 1) / Rows * ((columns + Columns - 1) / Columns);

    /// <summary>
    /// Numbers that the blocks of a product read for each unit of depth, which is what takes the time on tensor cores; and
    /// what they multiply, which decides between equals.
    /// </summary>
    public (long Reads, long Products) Cost(long rows, long columns) =>
        (Blocks(rows, columns) * (Rows + Columns), Blocks(rows, columns) * Rows * Columns);

    public override string ToString() => $"{Rows}x{Columns}";
}
