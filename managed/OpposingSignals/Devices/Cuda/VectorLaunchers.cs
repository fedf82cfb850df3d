namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/vectors.cu</c>.</summary>
internal static class VectorLaunchers
{
    // As in vectors.cu.
    private const int Chunk = 8192;
    private const int Tile = 4;
    private const int Outputs = 8;

    private static readonly CudaKernel InnerProductsKernel = new("vectors", "inner_products");
    private static readonly CudaKernel FinishKernel = new("vectors", "inner_products_finish", hasPrecisions: false);
    private static readonly CudaKernel CombineKernel = new("vectors", "combine");

    public static void AddTo(CudaOperations table)
    {
        table.Add<VectorBlock.InnerProductsArguments>("inner_products", InnerProducts);
        table.Add<VectorBlock.CombineArguments>("combine", Combine);
    }

    private static void InnerProducts(CudaLaunch launch, in VectorBlock.InnerProductsArguments a)
    {
        launch.Require(a.LeftCount >= 0 && a.RightCount >= 0 && a.Length >= 0, "negative extent");
        int pairs = a.LeftCount * a.RightCount;
        if (pairs == 0)
        {
            return;
        }

        // Vectors without elements have one chunk, whose sum is zero.
        long chunks = Math.Max(1, (a.Length + Chunk - 1) / Chunk);
        long tiles = (long)((a.LeftCount + Tile - 1) / Tile) * ((a.RightCount + Tile - 1) / Tile);
        nint partial = launch.Scratch(chunks * pairs * sizeof(double));
        launch.Run(InnerProductsKernel, a.Precision, new CudaGrid(chunks * tiles), a, partial);
        launch.Run(FinishKernel, a.Precision, new CudaGrid(pairs), partial, chunks, (long)pairs, a.Inner);
    }

    private static void Combine(CudaLaunch launch, in VectorBlock.CombineArguments a)
    {
        launch.Require(a.InputCount >= 0 && a.OutputCount >= 0 && a.Length >= 0, "negative extent");
        if (a.Length == 0 || a.OutputCount == 0)
        {
            return;
        }

        CudaGrid grid = CudaGrid.Over(a.Length) with { Y = (a.OutputCount + Outputs - 1) / Outputs };
        launch.Run(CombineKernel, a.Precision, grid, a);
    }
}
