using OpposingSignals.Optimizers;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/optimizer.cu</c>.</summary>
internal static class OptimizerLaunchers
{
    private static readonly CudaKernel GradientKernel = new("optimizer", "gradient_step");
    private static readonly CudaKernel MomentumKernel = new("optimizer", "momentum_step");
    private static readonly CudaKernel AdaptiveKernel = new("optimizer", "adaptive_step");
    private static readonly CudaKernel PreconditionKernel = new("optimizer", "precondition");

    public static void AddTo(CudaOperations table)
    {
        table.Add<GradientStep.Arguments>(
            "gradient_step", (launch, in a) => Run(launch, GradientKernel, a.Precision, a.Length, a));
        table.Add<Momentum.Arguments>(
            "momentum_step", (launch, in a) => Run(launch, MomentumKernel, a.Precision, a.Length, a));
        table.Add<AdaptiveStep.Arguments>(
            "adaptive_step", (launch, in a) => Run(launch, AdaptiveKernel, a.Precision, a.Length, a));
        table.Add<Preconditioner.Arguments>(
            "precondition", (launch, in a) =>
            {
                launch.Require(a.Count >= 0, "negative extent");
                Run(launch, PreconditionKernel, a.Precision, a.Length, a);
            });
    }

    private static void Run<T>(CudaLaunch launch, CudaKernel kernel, Precision precision, long length, in T arguments)
        where T : unmanaged
    {
        launch.Require(length >= 0, "negative extent");
        if (length > 0)
        {
            launch.Run(kernel, precision, CudaGrid.Over(length), arguments);
        }
    }
}
