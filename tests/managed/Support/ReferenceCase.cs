using System.Text.Json;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support;

/// <summary>
/// A small network with its exact second-order quantities in float64, from the folder that <c>OPSIG_REFERENCE</c>
/// names.
/// </summary>
public sealed class ReferenceCase
{
    private readonly SafeTensorsFile _tensors;
    private readonly JsonElement _description;

    private ReferenceCase(string name)
    {
        Name = name;
        _tensors = SafeTensors.Read(Path.Combine(Folder, name + ".safetensors"));
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")));
        _description = document.RootElement.Clone();
        Network = BuildNetwork();
        Parameters = [.. ParameterNames.SelectMany(parameter => _tensors.Tensors["param." + parameter].ToDoubles())];
    }

    public static string Folder =>
        Environment.GetEnvironmentVariable("OPSIG_REFERENCE") is { Length: > 0 } named
            ? named
            : Path.Combine(Repository.Shared, "reference");

    /// <summary>Names of every case in the folder.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Order(StringComparer.Ordinal)];

    /// <summary>
    /// The cases whose samples are independent and that have no residual blocks. Bounds that are propagated operation
    /// by operation grow about twentyfold in a convolution with its normalisation, and after a few blocks they decide
    /// no kink any more.
    /// </summary>
    public static IEnumerable<string> ShallowNames =>
        Names.Where(name => !name.StartsWith("resnet", StringComparison.Ordinal) && !CouplesSamples(name));

    public string Name { get; }

    public Network Network { get; }

    /// <summary>θ in PyTorch's order.</summary>
    public double[] Parameters { get; }

    public Loss Loss => OpposingSignals.Networks.Loss.Named(_description.GetProperty("loss").GetString()!);

    public HostTensor Inputs => _tensors.Tensors["inputs"];

    public HostTensor Targets => _tensors.Tensors["targets"];

    public double MeanLoss => _description.GetProperty("mean_loss").GetDouble();

    public double[] LargestEigenvalues => Numbers("eigenvalues_largest");

    public double[] SmallestEigenvalues => Numbers("eigenvalues_smallest");

    public double[] LargestGaussNewtonEigenvalues => Numbers("ggn_largest");

    private IEnumerable<string> ParameterNames =>
        _description.GetProperty("parameter_order").EnumerateArray().Select(name => name.GetString()!);

    public static ReferenceCase Load(string name) => new(name);

    /// <summary>Whether all samples are one batch of batch normalisation in training mode.</summary>
    public static bool CouplesSamples(string name) => name.Contains("batchnorm", StringComparison.Ordinal);

    /// <summary>A stored tensor as numbers.</summary>
    public double[] this[string tensor] => _tensors.Tensors[tensor].ToDoubles();

    /// <summary>The case as an objective on a device; a micro-batch of 0 takes all samples at once.</summary>
    public Objective Objective(Device device, Precision precision, int microBatch) =>
        new(device, precision, Network, Loss, Inputs, Targets,
            new ObjectiveOptions { MicroBatch = microBatch > 0 ? microBatch : 7 });

    private double[] Numbers(string property) =>
        [.. _description.GetProperty(property).EnumerateArray().Select(value => value.GetDouble())];

    private static ActivationKind? Kind(string type) => type switch
    {
        "ReLU" => ActivationKind.Relu,
        "Tanh" => ActivationKind.Tanh,
        "GELU" => ActivationKind.Gelu,
        "SiLU" => ActivationKind.Silu,
        "ELU" => ActivationKind.Elu,
        "Softplus" => ActivationKind.Softplus,
        "Sigmoid" => ActivationKind.Sigmoid,
        "Hardtanh" => ActivationKind.Hardtanh,
        "LeakyReLU" => ActivationKind.LeakyRelu,
        _ => null,
    };

    private Network BuildNetwork()
    {
        int[] shape = [.. _description.GetProperty("input_shape").EnumerateArray().Select(extent => extent.GetInt32())];
        JsonElement layers = _description.GetProperty("layers");
        if (layers[0].GetProperty("type").GetString() is "GPT" or "ViT")
        {
            return BuildTransformer(layers[0], shape);
        }

        var builder = new NetworkBuilder(
            shape.Length == 3 ? new FeatureShape(shape[1], shape[2], shape[0]) : FeatureShape.Vector(shape[0]));
        int index = 0;
        foreach (JsonElement layer in layers.EnumerateArray())
        {
            int Get(string name) => layer.GetProperty(name).GetInt32();
            builder.Named($"{index++}");
            string type = layer.GetProperty("type").GetString()!;
            _ = type switch
            {
                "Linear" => builder.Linear(Get("out"), layer.GetProperty("bias").GetBoolean()),
                "Conv" => builder.Convolution(
                    Get("out"), Get("kernel"), Get("stride"), Get("padding"), layer.GetProperty("bias").GetBoolean()),
                "MaxPool" => builder.MaxPool(Get("kernel")),
                "AvgPool" => builder.AveragePool(Get("kernel")),
                "AdaptiveAvgPool" => builder.GlobalAveragePool(),
                "Flatten" => builder.Flatten(),
                "ResidualBlock" => ResidualBlock(builder, layer),
                _ when Kind(type) is { } kind => builder.Activation(
                    kind, layer.TryGetProperty("slope", out JsonElement slope) ? slope.GetDouble() : double.NaN),
                _ => Norm(builder, layer),
            };
        }

        return builder.Build(Name);
    }

    private Network BuildTransformer(JsonElement layer, int[] shape)
    {
        int Get(string name) => layer.GetProperty(name).GetInt32();
        const double Epsilon = 1e-5;
        int width = Get("width");
        var names = new Transformers.BlockNames("ln1", "attn.qkv", "attn.out", "ln2", "fc", "proj");
        bool isGpt = layer.GetProperty("type").GetString() == "GPT";
        NetworkBuilder builder;
        if (isGpt)
        {
            builder = new NetworkBuilder(FeatureShape.Sequence(shape[0], 1))
                .Named("tok").TokenEmbedding(Get("vocabulary"), width).Named("pos").LearnedPositions();
        }
        else
        {
            builder = new NetworkBuilder(new FeatureShape(shape[1], shape[2], shape[0]))
                .Declare("pos", new("pos", [1, Get("tokens"), width], ParameterRole.Embedding, 1, width))
                .Named("patch").Convolution(width, kernel: Get("patch"), stride: Get("patch"))
                .Named("").LearnedPositions("pos", leading: 1);
        }

        ActivationKind gelu = layer.GetProperty("gelu").GetString() == "tanh"
            ? ActivationKind.GeluTanh : ActivationKind.Gelu;
        for (int block = 0; block < Get("blocks"); block++)
        {
            Transformers.Block(
                builder, $"blocks.{block}", names, width, Get("mlp_width"), Get("heads"), causal: isGpt, gelu, Epsilon);
        }

        builder.Named("ln").LayerNorm(Epsilon);
        if (!isGpt)
        {
            return builder.GlobalAveragePool().Named("head").Linear(Get("classes")).Build(Name);
        }

        if (layer.GetProperty("tied_head").GetBoolean())
        {
            builder.Tied("tok.weight");
        }

        return builder.Named("head").PositionwiseLinear(Get("vocabulary"), bias: false).Build(Name);
    }

    private static NetworkBuilder Norm(NetworkBuilder builder, JsonElement norm)
    {
        double epsilon = norm.GetProperty("eps").GetDouble();
        return norm.GetProperty("type").GetString() switch
        {
            "LayerNorm" => builder.LayerNorm(epsilon),
            "BatchNorm" => builder.BatchNorm(epsilon),
            "GroupNorm" => builder.GroupNorm(norm.GetProperty("groups").GetInt32(), epsilon),
            var other => throw new InputException($"There is no normalisation '{other}'."),
        };
    }

    // relu(norm2(conv2(relu(norm1(conv1 x)))) + shortcut x)
    private static NetworkBuilder ResidualBlock(NetworkBuilder builder, JsonElement block)
    {
        JsonElement norm = block.GetProperty("norm");
        int channels = block.GetProperty("out").GetInt32();
        int stride = block.GetProperty("stride").GetInt32();
        Action<NetworkBuilder>? shortcut = block.GetProperty("shortcut").GetString() switch
        {
            "identity" => null,
            "projection" => s =>
            {
                s.Named("proj").Convolution(channels, kernel: 1, stride, bias: false);
                Norm(s.Named("projnorm"), norm);
            },
            "pad" => s => s.PaddedShortcut(channels, stride),
            var other => throw new InputException($"There is no shortcut '{other}'."),
        };
        return builder.Residual(
            branch =>
            {
                branch.Named("conv1").Convolution(channels, kernel: 3, stride, padding: 1, bias: false);
                Norm(branch.Named("norm1"), norm).Activation(ActivationKind.Relu);
                branch.Named("conv2").Convolution(channels, kernel: 3, padding: 1, bias: false);
                Norm(branch.Named("norm2"), norm);
            },
            shortcut).Activation(ActivationKind.Relu);
    }
}
