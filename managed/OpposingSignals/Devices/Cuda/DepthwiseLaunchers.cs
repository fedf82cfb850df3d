using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// Launchers of <c>native/cuda/depthwise.cu</c>, which <see cref="ConvolutionLaunchers"/> turns to where every channel
/// has a convolution of its own.
/// </summary>
internal static class DepthwiseLaunchers
{
    // As in depthwise.cu.
    private const int ChannelsOfBlock = 32;

    private static readonly CudaKernel PackKernel = new("depthwise", "depthwise_pack");
    private static readonly CudaKernel ForwardKernel = new("depthwise", "depthwise_forward");
    private static readonly CudaKernel DataKernel = new("depthwise", "depthwise_backward_data");
    private static readonly CudaKernel WeightKernel = new("depthwise", "depthwise_backward_weights");

    /// <summary>Whether the channels have nothing to do with each other.</summary>
    public static bool Take(in Convolution.Arguments a) =>
        a.Groups > 1 && a.Groups == a.Channels && a.Groups == a.OutChannels;

    public static void Forward(CudaLaunch launch, in Convolution.Arguments a)
    {
        nint packed = Pack(launch, a);
        CudaGrid grid = CudaGrid.Over(a.Samples * a.OutHeight * a.OutWidth * a.Channels) with { Y = a.Vectors };
        launch.Run(ForwardKernel, a.Precision, grid, a, packed);
    }

    public static void BackwardData(CudaLaunch launch, in Convolution.Arguments a)
    {
        nint packed = Pack(launch, a);
        CudaGrid grid = CudaGrid.Over(a.Samples * a.Height * a.Width * a.Channels) with { Y = a.Vectors };
        launch.Run(DataKernel, a.Precision, grid, a, packed);
    }

    /// <summary>The weights' gradient in shares of the pixels, as <see cref="ConvolutionLaunchers"/> adds them.</summary>
    public static (nint Partial, long Shares) PartialWeights(CudaLaunch launch, in Convolution.Arguments a)
    {
        long pixels = a.Samples * a.OutHeight * a.OutWidth;
        long channelBlocks = (a.Channels + ChannelsOfBlock - 1) / ChannelsOfBlock;
        (long ofShare, long shares) = TilePlan.Cut(pixels, channelBlocks * a.Vectors);
        nint partial = launch.Scratch(shares * a.Vectors * ConvolutionLaunchers.FilterSize(a) * a.Precision.Size());
        launch.Run(WeightKernel, a.Precision, new CudaGrid(channelBlocks, a.Vectors, shares), a, partial, ofShare);
        return (partial, shares);
    }

    private static nint Pack(CudaLaunch launch, in Convolution.Arguments a)
    {
        long perTerm = a.Vectors * ConvolutionLaunchers.FilterSize(a);
        nint packed = launch.Scratch(a.Terms * perTerm * a.Precision.Size());
        launch.Run(PackKernel, a.Precision, CudaGrid.Over(perTerm) with { Y = a.Terms }, a, packed);
        return packed;
    }
}
