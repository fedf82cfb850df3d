namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/rows.cu</c>.</summary>
internal static class RowLaunchers
{
    private static readonly CudaKernel CopyKernel = new("rows", "rows_copy");
    private static readonly CudaKernel SumKernel = new("rows", "rows_sum");

    private static readonly CudaKernel ScaleKernel = new("rows", "rows_scale");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Networks.Rows.Arguments>("rows_copy", (launch, in a) => Run(launch, CopyKernel, a, a.Rows));
        table.Add<Networks.Rows.Arguments>("rows_sum", (launch, in a) => Run(launch, SumKernel, a, 1));
        table.Add<Networks.Rows.ScaleArguments>("rows_scale", Scale);
    }

    private static void Scale(CudaLaunch launch, in Networks.Rows.ScaleArguments a)
    {
        launch.Require(a.Vectors >= 1 && a.Rows >= 1 && a.Columns >= 1, "extents must be positive");
        launch.Run(ScaleKernel, a.Precision, CudaGrid.Over(a.Vectors * a.Rows * a.Columns), a);
    }

    private static void Run(CudaLaunch launch, CudaKernel kernel, in Networks.Rows.Arguments a, long rowsWritten)
    {
        launch.Require(a.Vectors >= 1 && a.Rows >= 1 && a.Columns >= 1, "extents must be positive");
        launch.Run(kernel, a.Precision, CudaGrid.Over(a.Vectors * rowsWritten * a.Columns), a);
    }
}
