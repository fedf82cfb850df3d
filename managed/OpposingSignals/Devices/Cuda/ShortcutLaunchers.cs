using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/shortcut.cu</c>.</summary>
internal static class ShortcutLaunchers
{
    private static readonly CudaKernel ForwardKernel = new("shortcut", "padded_shortcut_forward");
    private static readonly CudaKernel BackwardKernel = new("shortcut", "padded_shortcut_backward");

    public static void AddTo(CudaOperations table)
    {
        table.Add<PaddedShortcut.Arguments>("padded_shortcut_forward", Forward);
        table.Add<PaddedShortcut.Arguments>("padded_shortcut_backward", Backward);
    }

    private static void Forward(CudaLaunch launch, in PaddedShortcut.Arguments a)
    {
        Check(launch, a);
        launch.Run(ForwardKernel, a.Precision, CudaGrid.Over(a.Count * a.OutHeight * a.OutWidth * a.OutChannels), a);
    }

    private static void Backward(CudaLaunch launch, in PaddedShortcut.Arguments a)
    {
        Check(launch, a);
        launch.Run(BackwardKernel, a.Precision, CudaGrid.Over(a.Count * a.Height * a.Width * a.Channels), a);
    }

    private static void Check(CudaLaunch launch, in PaddedShortcut.Arguments a)
    {
        launch.Require(
            a.Count >= 1 && a.Channels >= 1 && a.OutHeight >= 1 && a.OutWidth >= 1 && a.Stride >= 1,
            "extents must be positive");
        launch.Require(
            (a.OutHeight - 1) * a.Stride < a.Height && (a.OutWidth - 1) * a.Stride < a.Width,
            "the output reaches beyond the image");
        launch.Require(a.Before >= 0 && a.Before + a.Channels <= a.OutChannels, "the channels do not fit the output");
    }
}
