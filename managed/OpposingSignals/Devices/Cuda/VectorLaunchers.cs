namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/vectors.cu</c>.</summary>
internal static class VectorLaunchers
{
    // As in vectors.cu.
    private const int Chunk = 8192;
    private const int Tile = 4;
    private const int Outputs = 8;
    private const int WhiteningThreads = 128;

    private static readonly CudaKernel InnerProductsKernel = new("vectors", "inner_products");
    private static readonly CudaKernel FinishKernel = new("vectors", "inner_products_finish", hasPrecisions: false);
    private static readonly CudaKernel CombineKernel = new("vectors", "combine");
    private static readonly CudaKernel CombineInnerOfFourKernel = new("vectors", "combine_inner_4");
    private static readonly CudaKernel CombineInnerOfEightKernel = new("vectors", "combine_inner_8");
    private static readonly CudaKernel WhiteningKernel = new("vectors", "whitening", hasPrecisions: false);

    public static void AddTo(CudaOperations table)
    {
        table.Add<VectorBlock.InnerProductsArguments>("inner_products", InnerProducts);
        table.Add<VectorBlock.CombineArguments>("combine", Combine);
        table.Add<DeviceMatrix.WhiteningArguments>("whitening", Whitening);
    }

    private static void InnerProducts(CudaLaunch launch, in VectorBlock.InnerProductsArguments a)
    {
        launch.Require(a.LeftCount >= 0 && a.RightCount >= 0 && a.Length >= 0, "negative extent");
        int pairs = a.LeftCount * a.RightCount;
        if (pairs == 0)
        {
            return;
        }

        long chunks = Chunks(a.Length);
        long tiles = (long)((a.LeftCount + Tile - 1) / Tile) * ((a.RightCount + Tile - 1) / Tile);
        nint partial = launch.Scratch(chunks * pairs * sizeof(double));
        launch.Run(InnerProductsKernel, a.Precision, new CudaGrid(chunks * tiles), a, partial);
        launch.Run(FinishKernel, a.Precision, new CudaGrid(pairs), partial, chunks, (long)pairs, a.Inner);
    }

    private static void Combine(CudaLaunch launch, in VectorBlock.CombineArguments a)
    {
        launch.Require(a.InputCount >= 0 && a.OutputCount >= 0 && a.Length >= 0, "negative extent");
        int pairs = a.OutputCount * a.OutputCount;
        if (pairs == 0)
        {
            return;
        }

        if (a.Inner != 0 && a.OutputCount <= Outputs)
        {
            long chunks = Chunks(a.Length);
            nint partial = launch.Scratch(chunks * pairs * sizeof(double));
            CudaKernel kernel = a.OutputCount <= 4 ? CombineInnerOfFourKernel : CombineInnerOfEightKernel;
            launch.Run(kernel, a.Precision, new CudaGrid(chunks), a, partial);
            launch.Run(FinishKernel, a.Precision, new CudaGrid(pairs), partial, chunks, (long)pairs, a.Inner);
            return;
        }

        if (a.Length > 0)
        {
            CudaGrid grid = CudaGrid.Over(a.Length) with { Y = (a.OutputCount + Outputs - 1) / Outputs };
            launch.Run(CombineKernel, a.Precision, grid, a);
        }

        if (a.Inner != 0)
        {
            InnerProducts(launch, new VectorBlock.InnerProductsArguments
            {
                Precision = a.Precision,
                LeftCount = a.OutputCount,
                RightCount = a.OutputCount,
                Length = a.Length,
                Left = a.Output,
                LeftStride = a.OutputStride,
                Right = a.Output,
                RightStride = a.OutputStride,
                Inner = a.Inner,
            });
        }
    }

    private static void Whitening(CudaLaunch launch, in DeviceMatrix.WhiteningArguments a)
    {
        launch.Require(a.Count >= 0, "negative extent");
        launch.Run(WhiteningKernel, Precision.Float64, new CudaGrid(1, Threads: WhiteningThreads), a);
    }

    // Vectors without elements have one chunk, whose sums are zero.
    private static long Chunks(long length) => Math.Max(1, (length + Chunk - 1) / Chunk);
}
