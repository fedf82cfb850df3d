using OpposingSignals.Optimizers;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/optimizer.cu</c>.</summary>
internal static class OptimizerLaunchers
{
    private static readonly CudaKernel GradientStepKernel = new("optimizer", "gradient_step");

    public static void AddTo(CudaOperations table) => table.Add<GradientDescent.Arguments>("gradient_step", GradientStep);

    private static void GradientStep(CudaLaunch launch, in GradientDescent.Arguments a)
    {
        launch.Require(a.Length >= 0, "negative extent");
        if (a.Length > 0)
        {
            launch.Run(GradientStepKernel, a.Precision, CudaGrid.Over(a.Length), a);
        }
    }
}
