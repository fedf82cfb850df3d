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
        table.Add<CrossEntropy.SmoothingArguments>("label_smoothing_forward", SmoothingForward);
        table.Add<CrossEntropy.SmoothingArguments>(
            "label_smoothing_gradient",
            (launch, in a) => launch.Run(SmoothingGradientKernel, a.Precision, CudaGrid.Over(a.Samples * a.Classes), a));
    }

    private static void AddLoss(CudaOperations table, string name)
    {
        CudaKernel forward = new("loss", name + "_forward"), gradient = new("loss", name + "_gradient"),
            hessianProduct = new("loss", name + "_hessian_product"), curvature = new("loss", name + "_curvature");
        table.Add<Loss.Arguments>(name + "_forward", (launch, in a) => Forward(launch, forward, a));
        table.Add<Loss.Arguments>(name + "_gradient", (launch, in a) => Run(launch, gradient, a));
        table.Add<Loss.Arguments>(name + "_hessian_product", (launch, in a) => Run(launch, hessianProduct, a));
        table.Add<Loss.Arguments>(name + "_curvature", (launch, in a) => Curvature(launch, curvature, a));
    }

    private static void Run(CudaLaunch launch, CudaKernel kernel, in Loss.Arguments a)
    {
        launch.Require(a.Classes >= 1 && a.Samples >= 0, "a loss needs at least one output");
        if (a.Samples > 0)
        {
            launch.Run(kernel, a.Precision, CudaGrid.OverWarps(a.Samples), a);
        }
    }

    // Targets were checked on the host before they were uploaded. With one output there is nothing to compare.
    private static void Forward(CudaLaunch launch, CudaKernel kernel, in Loss.Arguments a)
    {
        bool compares = a.Correct != null && (a.Classes > 1 || kernel.NameFor(a.Precision).StartsWith("cross", StringComparison.Ordinal));
        Loss.Arguments onDevice = a;
        onDevice.Losses = (double*)launch.Scratch(a.Samples * sizeof(double));
        onDevice.Correct = compares ? (byte*)launch.Scratch(a.Samples) : null;
        Run(launch, kernel, onDevice);
        launch.Download((nint)onDevice.Losses, new Span<double>(a.Losses, checked((int)a.Samples)));
        if (compares)
        {
            launch.Download((nint)onDevice.Correct, new Span<byte>(a.Correct, checked((int)a.Samples)));
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

    private static void SmoothingForward(CudaLaunch launch, in CrossEntropy.SmoothingArguments a)
    {
        CrossEntropy.SmoothingArguments onDevice = a;
        onDevice.Losses = (double*)launch.Scratch(a.Samples * sizeof(double));
        launch.Run(SmoothingForwardKernel, a.Precision, CudaGrid.OverWarps(a.Samples), onDevice);
        launch.AddTo(a.Losses, a.Samples, (nint)onDevice.Losses, 1, a.Samples);
    }
}
