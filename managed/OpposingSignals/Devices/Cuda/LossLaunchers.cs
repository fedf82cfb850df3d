using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/loss.cu</c> and <c>smoothing.cu</c>.</summary>
internal static unsafe class LossLaunchers
{
    private static readonly CudaKernel SmoothingForwardKernel = new("smoothing", "label_smoothing_forward");
    private static readonly CudaKernel SmoothingGradientKernel = new("smoothing", "label_smoothing_gradient");

    public static void AddTo(CudaOperations table)
    {
        AddLoss(table, "cross_entropy");
        AddLoss(table, "squared_error");
        table.Add<CrossEntropy.SmoothingArguments>(
            "label_smoothing_forward",
            (launch, in a) => launch.Run(SmoothingForwardKernel, a.Precision, CudaGrid.OverWarps(a.Samples), a));
        table.Add<CrossEntropy.SmoothingArguments>(
            "label_smoothing_gradient",
            (launch, in a) => launch.Run(
                SmoothingGradientKernel, a.Precision, CudaGrid.Over(a.Samples * a.Classes), a));
    }

    private static void AddLoss(CudaOperations table, string name)
    {
        CudaKernel forward = new("loss", name + "_forward"), gradient = new("loss", name + "_gradient"),
            hessianProduct = new("loss", name + "_hessian_product"), curvature = new("loss", name + "_curvature");
        table.Add<Loss.Arguments>(name + "_forward", (launch, in a) => Run(launch, forward, a));
        table.Add<Loss.Arguments>(name + "_gradient", (launch, in a) => Run(launch, gradient, a));
        table.Add<Loss.Arguments>(name + "_hessian_product", (launch, in a) => Run(launch, hessianProduct, a));
        table.Add<Loss.Arguments>(name + "_curvature", (launch, in a) => Curvature(launch, curvature, a));
    }

    // Targets were checked on the host before they were uploaded.
    private static void Run(CudaLaunch launch, CudaKernel kernel, in Loss.Arguments a)
    {
        launch.Require(a.Classes >= 1 && a.Samples >= 0, "a loss needs at least one output");
        if (a.Samples > 0)
        {
            launch.Run(kernel, a.Precision, CudaGrid.OverWarps(a.Samples), a);
        }
    }

    private static void Curvature(CudaLaunch launch, CudaKernel kernel, in Loss.Arguments a)
    {
        Loss.Arguments onDevice = a;
        onDevice.Curvatures = (double*)launch.Scratch(a.Vectors * a.Samples * sizeof(double));
        onDevice.CurvatureVectorStride = a.Samples;
        Run(launch, kernel, onDevice);
        launch.AddTo(a.Curvatures, a.CurvatureVectorStride, (nint)onDevice.Curvatures, a.Vectors, a.Samples);
    }
}
