using System.Collections.Immutable;
using System.Globalization;

namespace OpposingSignals.Networks;

/// <summary>Networks by name, as the command line writes them.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><description><c>linear</c>: one linear layer.</description></item>
/// <item><description><c>mlp:WIDTHS:ACTIVATION[:nobias|nooutbias][:dropout=RATE]</c>: linear layers of the given
/// widths, each with the activation and a dropout where it is asked for, and a linear output.</description></item>
/// <item><description><c>cnn:CHANNELS:ACTIVATION:maxpool|avgpool</c>: for each entry a 3x3 convolution with padding 1,
/// the activation and a 2x2 pool; then flatten and a linear output. The CNNs of Cohen et al. 2021 are
/// <c>cnn:32,32:…</c>.</description></item>
/// <item><description><c>convnet:LAYERS:ACTIVATION</c>: a plain convolution network; LAYERS lists channels of 3x3
/// convolutions (padding 1, with the activation), <c>S</c> and a number for a depth-wise separable one (a 3x3
/// convolution of each channel by itself, then one over channels alone, each with the activation), <c>M</c> for a 2x2
/// max pool and <c>A</c> for a 2x2 average pool; then the mean over the image and a linear output.</description></item>
/// <item><description><c>resnet20|resnet32|resnet56|resnet110[:groupnorm][:WIDTH]</c>: the CIFAR ResNets of He et al.
/// 2016, with batch normalisation or group normalisation; their stages have WIDTH (16 by default), 2 WIDTH and 4 WIDTH
/// channels.</description></item>
/// <item><description><c>resnet18[:groupnorm][:WIDTH]</c>: ResNet-18 for CIFAR; its stages have WIDTH (64 by default),
/// 2 WIDTH, 4 WIDTH and 8 WIDTH channels.</description></item>
/// <item><description><c>vgg11[:bn][:WIDTH]</c>: VGG-11 for CIFAR, without or with batch normalisation; its
/// convolutions have WIDTH (64 by default) to 8 WIDTH channels.</description></item>
/// <item><description><c>vit:PATCH:BLOCKS:WIDTH:HEADS[:mean]</c>: a vision transformer with a class token, or the mean
/// over tokens; its perceptrons are 4 WIDTH wide. ViT-B/16 is <c>vit:16:12:768:12</c>.</description></item>
/// <item><description><c>gpt:BLOCKS:WIDTH:HEADS[:untied]</c>: GPT-2's form on tokens, with the head tied to the token
/// embedding or not. GPT-2 small is <c>gpt:12:768:12</c>.</description></item>
/// </list>
/// </remarks>
public static class ModelCatalog
{
    /// <summary>The forms of a name, with their arguments.</summary>
    public static ImmutableArray<string> Forms { get; } =
    [
        "linear", "mlp:WIDTHS:ACTIVATION[:nobias|nooutbias][:dropout=RATE]", "cnn:CHANNELS:ACTIVATION:maxpool|avgpool",
        "convnet:LAYERS:ACTIVATION", "resnet20|resnet32|resnet56|resnet110[:groupnorm][:WIDTH]",
        "resnet18[:groupnorm][:WIDTH]", "vgg11[:bn][:WIDTH]", "vit:PATCH:BLOCKS:WIDTH:HEADS[:mean]",
        "gpt:BLOCKS:WIDTH:HEADS[:untied]",
    ];

    /// <summary>Names of activations.</summary>
    public static ImmutableDictionary<string, ActivationKind> Activations { get; } =
        new Dictionary<string, ActivationKind>(StringComparer.Ordinal)
        {
            ["relu"] = ActivationKind.Relu,
            ["tanh"] = ActivationKind.Tanh,
            ["gelu"] = ActivationKind.Gelu,
            ["gelu-tanh"] = ActivationKind.GeluTanh,
            ["silu"] = ActivationKind.Silu,
            ["elu"] = ActivationKind.Elu,
            ["softplus"] = ActivationKind.Softplus,
            ["sigmoid"] = ActivationKind.Sigmoid,
            ["hardtanh"] = ActivationKind.Hardtanh,
            ["leaky-relu"] = ActivationKind.LeakyRelu,
        }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>Builds the network called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Forms"/>.</param>
    /// <param name="input">Shape of one sample.</param>
    /// <param name="outputs">Outputs of the last layer.</param>
    /// <exception cref="InputException">The name is unknown, or its layers do not fit the input.</exception>
    public static Network Build(string name, FeatureShape input, int outputs)
    {
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name.Split(':');
        var builder = new NetworkBuilder(input);
        switch (parts[0])
        {
            case "linear" when parts.Length == 1:
                FlattenImage(builder, input).Linear(outputs);
                break;
            case "mlp" when parts.Length is >= 3 and <= 5:
                Mlp(FlattenImage(builder, input), name, parts, outputs);
                break;
            case "cnn" when parts.Length == 4:
                Cnn(builder, name, parts, outputs);
                break;
            case "convnet" when parts.Length == 3:
                ConvNet(builder, name, parts, outputs);
                break;
            case "resnet20" or "resnet32" or "resnet56" or "resnet110"
                when FlagAndWidth(name, parts, "groupnorm", 16) is var (groupNorm, width):
                ImageNetworks.ResNetOfThreeStages(builder, Extent(name, parts[0][6..]), width, groupNorm, outputs);
                break;
            case "resnet18" when FlagAndWidth(name, parts, "groupnorm", 64) is var (groupNorm, width):
                ImageNetworks.ResNet18(builder, width, groupNorm, outputs);
                break;
            case "vgg11" when FlagAndWidth(name, parts, "bn", 64) is var (batchNorm, width):
                ImageNetworks.Vgg11(builder, width, batchNorm, outputs);
                break;
            case "vit" when parts.Length == 5 || parts is [_, _, _, _, _, "mean"]:
                int[] vit = [.. parts[1..5].Select(part => Extent(name, part))];
                Transformers.Vit(builder, vit[0], vit[1], vit[2], vit[3], parts.Length == 5, outputs);
                break;
            case "gpt" when parts.Length == 4 || parts is [_, _, _, _, "untied"]:
                if (input.Channels != 1 || input.Height != 1)
                {
                    throw new InputException($"The model '{name}' reads sequences of tokens, not samples of {input}.");
                }

                int[] gpt = [.. parts[1..4].Select(part => Extent(name, part))];
                Transformers.Gpt(builder, gpt[0], gpt[1], gpt[2], parts.Length == 4, outputs);
                break;
            default:
                throw Unknown(name);
        }

        return builder.Build(name);
    }

    // MODEL[:FLAG][:WIDTH]; null where the name has another form.
    private static (bool Flag, int Width)? FlagAndWidth(string name, string[] parts, string flag, int defaultWidth)
    {
        string[] rest = parts is [_, var second, ..] && second == flag ? parts[2..] : parts[1..];
        return rest.Length > 1
            ? null
            : (rest.Length + 1 < parts.Length, rest.Length == 1 ? Extent(name, rest[0]) : defaultWidth);
    }

    private static NetworkBuilder FlattenImage(NetworkBuilder builder, FeatureShape input) =>
        input.Height * input.Width > 1 ? builder.Flatten() : builder;

    private static void Mlp(NetworkBuilder builder, string name, string[] parts, int outputs)
    {
        double? rate = DropoutOf(name, parts[^1]);
        string[] flags = rate is null ? parts[3..] : parts[3..^1];
        if (flags is not ([] or ["nobias"] or ["nooutbias"]))
        {
            throw new InputException(
                $"In the model '{name}', '{string.Join(':', flags)}' is neither nobias nor nooutbias.");
        }

        ActivationKind activation = ActivationOf(name, parts[2]);
        ulong seed = 0;
        foreach (int width in Extents(name, parts[1]))
        {
            builder.Linear(width, bias: flags is not ["nobias"]).Activation(activation);
            if (rate is { } dropped)
            {
                // A seed for each layer; layers of one width would otherwise drop the same features.
                builder.Dropout(dropped, seed++);
            }
        }

        builder.Linear(outputs, bias: flags.Length == 0);
    }

    private static void Cnn(NetworkBuilder builder, string name, string[] parts, int outputs)
    {
        ActivationKind activation = ActivationOf(name, parts[2]);
        if (parts[3] is not ("maxpool" or "avgpool"))
        {
            throw new InputException($"In the model '{name}', '{parts[3]}' is neither maxpool nor avgpool.");
        }

        foreach (int channels in Extents(name, parts[1]))
        {
            builder.Convolution(channels, kernel: 3, padding: 1).Activation(activation);
            _ = parts[3] == "maxpool" ? builder.MaxPool(2) : builder.AveragePool(2);
        }

        builder.Flatten().Linear(outputs);
    }

    private static void ConvNet(NetworkBuilder builder, string name, string[] parts, int outputs)
    {
        ActivationKind activation = ActivationOf(name, parts[2]);
        foreach (string layer in parts[1].Split(','))
        {
            _ = layer switch
            {
                "M" => builder.MaxPool(2),
                "A" => builder.AveragePool(2),
                ['S', .. string channels] => builder
                    .DepthwiseConvolution(kernel: 3, padding: 1).Activation(activation)
                    .Convolution(Extent(name, channels), kernel: 1).Activation(activation),
                _ => builder.Convolution(Extent(name, layer), kernel: 3, padding: 1).Activation(activation),
            };
        }

        builder.GlobalAveragePool().Flatten().Linear(outputs);
    }

    // Null where the text is not dropout=RATE.
    private static double? DropoutOf(string name, string text)
    {
        const string prefix = "dropout=";
        return !text.StartsWith(prefix, StringComparison.Ordinal)
            ? null
            : double.TryParse(text.AsSpan(prefix.Length), NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture, out double rate)
                && rate < 1
                ? rate
                : throw new InputException(
                    $"In the model '{name}', '{text}' is not a dropout rate of at least 0 and below 1.");
    }

    private static ActivationKind ActivationOf(string name, string text) =>
        Activations.TryGetValue(text, out ActivationKind kind)
            ? kind
            : throw new InputException(
                $"In the model '{name}', '{text}' is not an activation. Known: {string.Join(", ", Activations.Keys.Order(StringComparer.Ordinal))}.");

    private static IEnumerable<int> Extents(string name, string list) =>
        list.Split(',').Select(text => Extent(name, text));

    private static int Extent(string name, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int extent)
            && extent is > 0 and <= 1 << 20
            ? extent
            : throw new InputException($"In the model '{name}', '{text}' is not a width between 1 and {1 << 20}.");

    private static InputException Unknown(string name) =>
        new($"'{name}' is not a model. Known: {string.Join(", ", Forms)}.");
}
