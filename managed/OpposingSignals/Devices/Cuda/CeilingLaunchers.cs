using OpposingSignals.Benchmarks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>The launcher of <c>native/cuda/ceiling.cu</c>.</summary>
internal static class CeilingLaunchers
{
    private static readonly CudaKernel CeilingKernel = new("ceiling", "ceiling");

    public static void AddTo(CudaOperations table) => table.Add<Ceilings.Arguments>("ceiling", Run);

    private static void Run(CudaLaunch launch, in Ceilings.Arguments a)
    {
        launch.Require(a.Count >= 0 && a.Rounds >= 0, "negative extent");
        if (a.Count > 0)
        {
            launch.Run(CeilingKernel, a.Precision, CudaGrid.Over(a.Count), a);
        }
    }
}
