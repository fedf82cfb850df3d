using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/pooling.cu</c>.</summary>
internal static class PoolingLaunchers
{
    public static void AddTo(CudaOperations table)
    {
        foreach ((string name, bool ofInput, bool max) in ((string, bool, bool)[])[
            ("max_pool_forward", false, true), ("max_pool_tangent", false, true), ("max_pool_backward", true, true),
            ("average_pool_forward", false, false), ("average_pool_backward", true, false)])
        {
            var kernel = new CudaKernel("pooling", name);
            table.Add<Pooling.Arguments>(name, (launch, in a) => Run(launch, kernel, ofInput, max, a));
        }
    }

    // A thread per element of what is written: the input's image in a backward pass, the output's otherwise.
    private static void Run(CudaLaunch launch, CudaKernel kernel, bool ofInput, bool max, in Pooling.Arguments a)
    {
        launch.Require(
            a.Samples >= 1 && a.Count >= 1 && a.KernelHeight >= 1
                && a.KernelWidth >= 1 && a.Stride >= 1 && a.Padding >= 0
            && a.Channels >= 1 && a.Height >= 1 && a.Width >= 1,
            "extents must be positive");
        launch.Require(
            a.OutHeight == ((a.Height + (2 * a.Padding) - a.KernelHeight) / a.Stride) + 1
            && a.OutWidth == ((a.Width + (2 * a.Padding) - a.KernelWidth) / a.Stride) + 1,
            "the output's extents do not follow from the input's");
        launch.Require(!max || a.KernelHeight * a.KernelWidth <= 256, "a window has at most 256 elements");
        launch.Require(!max || a.Winner != 0, "the winners are missing");
        long pixels = ofInput ? (long)a.Height * a.Width : (long)a.OutHeight * a.OutWidth;
        launch.Run(kernel, a.Precision, CudaGrid.Over(a.Count * pixels * a.Channels), a);
    }
}
