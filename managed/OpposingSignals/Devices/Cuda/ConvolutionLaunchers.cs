using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/convolution.cu</c>.</summary>
internal static class ConvolutionLaunchers
{
    private static readonly CudaKernel PackKernel = new("convolution", "convolution_pack");
    private static readonly TilePlan.Kernels ForwardKernels = new("convolution", "convolution_forward");
    private static readonly TilePlan.Kernels DataKernels = new("convolution", "convolution_backward_data");
    private static readonly TilePlan.Kernels WeightKernels = new("convolution", "convolution_backward_weights");
    private static readonly CudaKernel WeightsFinishKernel = new("convolution", "convolution_weights_finish");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Convolution.ScratchArguments>("convolution_scratch", Scratch);
        table.Add<Convolution.Arguments>("convolution_forward", Forward);
        table.Add<Convolution.Arguments>("convolution_backward_data", BackwardData);
        table.Add<Convolution.Arguments>("convolution_backward_weights", BackwardWeights);
    }

    /// <summary>Weights of a filter.</summary>
    public static long FilterSize(in Convolution.Arguments a) =>
        (long)a.OutChannels * (a.Channels / a.Groups) * a.KernelHeight * a.KernelWidth;

    // Packed filters and partial sums lie in the stream's scratch, which all operations share.
    private static unsafe void Scratch(CudaLaunch launch, in Convolution.ScratchArguments a)
    {
        Check(launch, a.Convolution);
        *a.Bytes = 0;
    }

    private static void Forward(CudaLaunch launch, in Convolution.Arguments a)
    {
        CheckLaunch(launch, a);
        CheckFollowing(launch, a, a.Samples * a.OutHeight * a.OutWidth * a.OutChannels);
        if (DepthwiseLaunchers.Take(a))
        {
            DepthwiseLaunchers.Forward(launch, a);
            return;
        }

        nint packed = Pack(launch, a, forData: 0);
        long pixels = a.Samples * a.OutHeight * a.OutWidth, depth = (long)a.KernelHeight * a.KernelWidth * (a.Channels / a.Groups);
        ProductCore core = launch.CoreFor(a.Precision, InWholeWords(a, a.Image, a.Channels));
        var plan = new TilePlan(core, pixels, a.OutChannels / a.Groups, depth, Batch(a), cutsDepth: false);
        launch.Run(ForwardKernels.For(core, plan), a.Precision, plan.Grid, a, packed);
    }

    // As many phases as the stride has places with pixels, each with the pixels of the largest.
    private static void BackwardData(CudaLaunch launch, in Convolution.Arguments a)
    {
        CheckLaunch(launch, a);
        CheckFollowing(launch, a, a.Samples * a.Height * a.Width * a.Channels);
        if (DepthwiseLaunchers.Take(a))
        {
            DepthwiseLaunchers.BackwardData(launch, a);
            return;
        }

        nint packed = Pack(launch, a, forData: 1);
        long pixels = a.Samples * PixelsOfPhase(a.Height, a.Stride) * PixelsOfPhase(a.Width, a.Stride);
        long depth = (long)a.KernelHeight * a.KernelWidth * (a.OutChannels / a.Groups);
        long phases = (long)Math.Min(a.Stride, a.Height) * Math.Min(a.Stride, a.Width);
        ProductCore core = launch.CoreFor(a.Precision, InWholeWords(a, a.Image, a.OutChannels));
        var plan = new TilePlan(core, pixels, a.Channels / a.Groups, depth, Batch(a), cutsDepth: false, phases);
        launch.Run(DataKernels.For(core, plan), a.Precision, plan.Grid, a, packed);
    }

    // The gradient is in PyTorch's order and the product in another, so that even one share goes through scratch
    // memory.
    private static void BackwardWeights(CudaLaunch launch, in Convolution.Arguments a)
    {
        CheckLaunch(launch, a);
        (nint partial, long shares) =
            DepthwiseLaunchers.Take(a) ? DepthwiseLaunchers.PartialWeights(launch, a) : PartialWeights(launch, a);
        launch.Run(WeightsFinishKernel, a.Precision, CudaGrid.Over(a.Vectors * FilterSize(a)), a, partial, shares);
        if (a.Bias.Exists)
        {
            LayoutLaunchers.ColumnSums(launch, new Products.ColumnSumsArguments
            {
                Precision = a.Precision,
                Vectors = a.Vectors,
                Rows = a.Samples * a.OutHeight * a.OutWidth,
                Columns = a.OutChannels,
                In = a.Filter[0].Address,
                InVectorStride = a.Filter[0].Stride,
                Out = a.Bias.Address,
                OutVectorStride = a.Bias.Stride,
            });
        }
    }

    private static (nint Partial, long Shares) PartialWeights(CudaLaunch launch, in Convolution.Arguments a)
    {
        long columns = (long)a.KernelHeight * a.KernelWidth * (a.Channels / a.Groups);
        bool whole = InWholeWords(a, a.Image, a.Channels) && InWholeWords(a, a.Filter, a.OutChannels);
        ProductCore core = launch.CoreFor(a.Precision, whole);
        long positions = a.Samples * a.OutHeight * a.OutWidth;
        var plan = new TilePlan(core, a.OutChannels / a.Groups, columns, positions, Batch(a), cutsDepth: true);
        nint partial = launch.Scratch(plan.Shares * a.Vectors * FilterSize(a) * a.Precision.Size());
        launch.Run(WeightKernels.For(core, plan), a.Precision, plan.Grid, a, plan.For(partial));
        return (partial, plan.Shares);
    }

    // Packed filters are in whole words where the channels that they are multiplied with are.
    private static bool InWholeWords(in Convolution.Arguments a, in Convolution.TwoViews tensors, int channels)
    {
        bool whole = true;
        for (int t = 0; t < a.Terms; t++)
        {
            whole &= ProductCore.WholeWords(tensors[t].Address, channels, tensors[t].Stride, channels / a.Groups);
        }

        return whole;
    }

    private static nint Pack(CudaLaunch launch, in Convolution.Arguments a, int forData)
    {
        long perTerm = a.Vectors * FilterSize(a);
        nint packed = launch.Scratch(a.Terms * perTerm * a.Precision.Size());
        launch.Run(PackKernel, a.Precision, CudaGrid.Over(perTerm) with { Y = a.Terms }, a, packed, forData);
        return packed;
    }

    private static long PixelsOfPhase(int extent, int stride) => ((extent - 1L) / stride) + 1;

    private static long Batch(in Convolution.Arguments a) => (long)a.Vectors * a.Groups;

    private static void Check(CudaLaunch launch, in Convolution.Arguments a)
    {
        launch.Require(a.Terms is >= 1 and <= 2, "a convolution has one or two terms");
        launch.Require(
            a.Vectors >= 1 && a.Samples >= 1 && a.Height >= 1 && a.Width >= 1 && a.Channels >= 1 && a.OutChannels >= 1
            && a.KernelHeight >= 1 && a.KernelWidth >= 1 && a.Stride >= 1 && a.Padding >= 0,
            "extents must be positive");
        launch.Require(
            a.Groups >= 1 && a.Channels % a.Groups == 0 && a.OutChannels % a.Groups == 0,
            "the groups do not divide the channels");
        launch.Require(
            a.OutHeight == ((a.Height + (2 * a.Padding) - a.KernelHeight) / a.Stride) + 1
            && a.OutWidth == ((a.Width + (2 * a.Padding) - a.KernelWidth) / a.Stride) + 1
                && a.OutHeight >= 1 && a.OutWidth >= 1,
            "the output's extents do not follow from the input's");
        launch.Require((long)a.Vectors * a.Groups <= ushort.MaxValue, "too many groups times vectors for one launch");
    }

    private static void CheckFollowing(CudaLaunch launch, in Convolution.Arguments a, long count) =>
        ActivationLaunchers.RequireFollowing(
            launch, a.Then, a.Accumulate != 0, a.Vectors, count, a.Output.Stride);

    // Kernels count pixels and weights in 32 bits. A plan of memory may ask about more samples than it then takes.
    private static void CheckLaunch(CudaLaunch launch, in Convolution.Arguments a)
    {
        Check(launch, a);
        launch.Require(
            Math.Max(a.Samples * a.Height * a.Width, a.Samples * a.OutHeight * a.OutWidth) <= int.MaxValue
            && FilterSize(a) <= int.MaxValue,
            "more than 2^31 pixels or weights; take fewer samples at a time");
    }
}
