using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>The launcher of <c>native/cuda/dropout.cu</c>.</summary>
internal static class DropoutLaunchers
{
    private static readonly CudaKernel DropoutKernel = new("dropout", "dropout");

    public static void AddTo(CudaOperations table) => table.Add<Dropout.Arguments>("dropout", Drop);

    private static void Drop(CudaLaunch launch, in Dropout.Arguments a)
    {
        launch.Require(
            a.Vectors >= 1 && a.Samples >= 1 && a.Features >= 1 && a.FirstSample >= 0, "extents must be positive");
        launch.Require(a.Rate is >= 0 and < 1, "the rate must be at least 0 and below 1");
        launch.Run(DropoutKernel, a.Precision, CudaGrid.Over(a.Samples * a.Features), a);
    }
}
