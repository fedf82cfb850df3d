namespace OpposingSignals.Networks;

/// <summary>
/// Networks of the literature for pictures of 32x32, with the names that their parameters have in PyTorch state dicts.
/// </summary>
internal static class ImageNetworks
{
    /// <summary>
    /// The CIFAR ResNet of He et al. 2016 (arXiv 1512.03385, section 4.2): three stages of (depth − 2)/6 blocks with
    /// width, 2 width and 4 width channels (width 16 in the paper) and shortcuts without parameters.
    /// </summary>
    public static void ResNetOfThreeStages(
        NetworkBuilder builder, int depth, int width, bool groupNorm, int outputs,
        ActivationKind activation = ActivationKind.Relu) =>
        ResNet(
            builder, [width, 2 * width, 4 * width], (depth - 2) / 6, groupNorm, projects: false, activation, outputs);

    /// <summary>
    /// ResNet-18 in its form for CIFAR: a 3x3 stem and no pool, four stages of two blocks with width, 2 width, 4 width
    /// and 8 width channels, projections where the shape changes.
    /// </summary>
    public static void ResNet18(NetworkBuilder builder, int width, bool groupNorm, int outputs) =>
        ResNet(builder, [width, 2 * width, 4 * width, 8 * width], blocks: 2,
            groupNorm, projects: true, ActivationKind.Relu, outputs);

    /// <summary>
    /// Configuration A of Simonyan and Zisserman 2015 (arXiv 1409.1556) in its form for CIFAR: one linear layer after
    /// the convolutions, of width to 8 width channels (width 64 in the paper).
    /// </summary>
    public static void Vgg11(NetworkBuilder builder, int width, bool batchNorm, int outputs)
    {
        // Channels of the convolutions over the width; 0 is a pool.
        ReadOnlySpan<int> layers = [1, 0, 2, 0, 4, 4, 0, 8, 8, 0, 8, 8, 0];
        int index = 0;
        foreach (int widths in layers)
        {
            if (widths == 0)
            {
                builder.MaxPool(2);
                index++;
                continue;
            }

            builder.Named($"features.{index++}").Convolution(widths * width, kernel: 3, padding: 1);
            if (batchNorm)
            {
                builder.Named($"features.{index++}").BatchNorm();
            }

            builder.Activation(ActivationKind.Relu);
            index++;
        }

        builder.Flatten().Named("classifier").Linear(outputs);
    }

    private static void ResNet(
        NetworkBuilder builder, ReadOnlySpan<int> widths, int blocks, bool groupNorm, bool projects,
        ActivationKind activation,
        int outputs)
    {
        builder.Named("conv1").Convolution(widths[0], kernel: 3, padding: 1, bias: false);
        Norm(builder.Named("bn1"), widths[0], groupNorm).Activation(activation);
        int previous = widths[0];
        for (int stage = 0; stage < widths.Length; stage++)
        {
            for (int block = 0; block < blocks; block++)
            {
                int stride = stage > 0 && block == 0 ? 2 : 1;
                builder.Named($"layer{stage + 1}.{block}");
                Block(builder, previous, widths[stage], stride, groupNorm, projects, activation);
                previous = widths[stage];
            }
        }

        builder.GlobalAveragePool().Flatten().Named("linear").Linear(outputs);
    }

    // φ(bn2(conv2(φ(bn1(conv1 x)))) + shortcut x)
    private static void Block(
        NetworkBuilder builder, int inChannels, int channels, int stride, bool groupNorm, bool projects,
        ActivationKind activation)
    {
        Action<NetworkBuilder>? shortcut = null;
        if (stride != 1 || inChannels != channels)
        {
            shortcut = projects
                ? s => Norm(s.Convolution(channels, kernel: 1, stride, bias: false), channels, groupNorm)
                : s => s.PaddedShortcut(channels, stride);
        }

        builder.Residual(
            branch =>
            {
                branch.Named("conv1").Convolution(channels, kernel: 3, stride, padding: 1, bias: false);
                Norm(branch.Named("bn1"), channels, groupNorm).Activation(activation);
                branch.Named("conv2").Convolution(channels, kernel: 3, padding: 1, bias: false);
                Norm(branch.Named("bn2"), channels, groupNorm);
            },
            shortcut).Activation(activation);
    }

    private static NetworkBuilder Norm(NetworkBuilder builder, int channels, bool groupNorm) =>
        groupNorm ? builder.GroupNorm(Groups(channels)) : builder.BatchNorm();

    // 32 groups, the default of Wu and He 2018, or as many as divide the channels and hold at least two of them.
    private static int Groups(int channels) =>
        Enumerable.Range(1, Math.Clamp(channels / 2, 1, 32)).Last(groups => channels % groups == 0);
}
