using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>A network that mixes layers, with data, parameters and directions from a seed.</summary>
public sealed class RandomCase
{
    private static readonly Dictionary<string, (FeatureShape Input, string Loss, Func<NetworkBuilder, NetworkBuilder> Layers)>
        Networks = new()
        {
            ["linear"] = (FeatureShape.Vector(9), "mse", b => b.Linear(4)),
            ["activations"] = (FeatureShape.Vector(11), "ce", b => b
                .Linear(9).Activation(ActivationKind.Tanh).Linear(8, bias: false).Activation(ActivationKind.Gelu)
                .Linear(9).Activation(ActivationKind.GeluTanh).Linear(7).Activation(ActivationKind.Silu)
                .Linear(6).Activation(ActivationKind.Softplus).Linear(5)),
            ["more activations"] = (FeatureShape.Vector(10), "mse", b => b
                .Linear(9).Activation(ActivationKind.Elu, 0.7).Linear(8).Activation(ActivationKind.Sigmoid)
                .Linear(7).Activation(ActivationKind.LeakyRelu, 0.2).Linear(6).Activation(ActivationKind.Hardtanh)
                .Linear(6).Activation(ActivationKind.Relu).Linear(3)),
            ["activations on the data"] = (FeatureShape.Vector(6), "mse", b => b
                .Activation(ActivationKind.Tanh).Linear(5)
                    .Activation(ActivationKind.Tanh).Activation(ActivationKind.Silu)
                .Linear(2)),
            ["residual vectors"] = (FeatureShape.Vector(7), "ce", b => b
                .Residual(r => r.Linear(7).Activation(ActivationKind.Tanh).Linear(7))
                .Activation(ActivationKind.Relu)
                .Residual(r => r.Linear(6).Activation(ActivationKind.GeluTanh).Linear(5), s => s.Linear(5, bias: false))
                .Residual(r => r.Activation(ActivationKind.Relu).Linear(5), s => s.Activation(ActivationKind.Silu))
                .Linear(4)),
            ["nested residuals"] = (FeatureShape.Vector(5), "mse", b => b
                .Linear(6)
                .Residual(r => r
                    .Residual(q => q.Activation(ActivationKind.Tanh).Linear(6))
                        .Activation(ActivationKind.Sigmoid).Linear(6))
                .Linear(3)),
            ["strides and overlapping pools"] = (new FeatureShape(9, 8, 3), "ce", b => b
                .Convolution(4, kernel: 3, stride: 2, padding: 1).Activation(ActivationKind.Relu)
                .MaxPool(kernel: 3, stride: 2, padding: 1)
                .Convolution(5, kernel: 1).Activation(ActivationKind.Silu)
                .AveragePool(kernel: 2, stride: 1, padding: 1)
                .Flatten().Linear(4)),
            ["convolution without padding"] = (new FeatureShape(7, 7, 1), "mse", b => b
                .Convolution(3, kernel: 3, bias: false).Activation(ActivationKind.Gelu)
                .Convolution(2, kernel: 2, stride: 3).Activation(ActivationKind.Tanh)
                .Flatten().Linear(3)),
            ["grouped and depth-wise convolutions"] = (new FeatureShape(6, 5, 4), "ce", b => b
                .Convolution(6, kernel: 3, padding: 1, groups: 2).Activation(ActivationKind.Tanh)
                .DepthwiseConvolution(kernel: 3, stride: 2, padding: 1).Activation(ActivationKind.Silu)
                .Convolution(9, kernel: 1, bias: false, groups: 3).Activation(ActivationKind.Relu)
                .Flatten().Linear(3)),
            ["residual pictures"] = (new FeatureShape(6, 5, 2), "ce", b => b
                .Convolution(4, kernel: 3, padding: 1).Activation(ActivationKind.Relu)
                .Residual(r => r
                    .Convolution(4, kernel: 3, padding: 1).Activation(ActivationKind.Relu)
                        .Convolution(4, kernel: 3, padding: 1))
                .Activation(ActivationKind.Relu)
                .Residual(
                    r => r
                        .Convolution(5, kernel: 3, stride: 2, padding: 1, bias: false)
                            .Activation(ActivationKind.GeluTanh)
                        .Convolution(5, kernel: 3, padding: 1),
                    s => s.Convolution(5, kernel: 1, stride: 2))
                .GlobalAveragePool().Flatten().Linear(4)),
            ["running statistics"] = (new FeatureShape(5, 4, 2), "ce", b => b
                .BatchNorm().Convolution(4, kernel: 3, padding: 1, bias: false)
                    .BatchNorm().Activation(ActivationKind.Silu)
                .Convolution(5, kernel: 2).BatchNorm(epsilon: 0.01)
                    .Activation(ActivationKind.Relu).Flatten().Linear(3)),
            ["padded shortcuts"] = (new FeatureShape(6, 7, 2), "mse", b => b
                .Convolution(3, kernel: 3, padding: 1).Activation(ActivationKind.Tanh)
                .Residual(
                    r => r.Convolution(6, kernel: 3, stride: 2, padding: 1).Activation(ActivationKind.Silu),
                    s => s.PaddedShortcut(outChannels: 6, stride: 2))
                .Residual(r => r.Convolution(8, kernel: 1), s => s.PaddedShortcut(outChannels: 8, stride: 1))
                .Flatten().Linear(3)),
            ["pools first"] = (new FeatureShape(8, 8, 2), "mse", b => b
                .MaxPool(kernel: 2).AveragePool(kernel: 3, stride: 1, padding: 1)
                .Convolution(3, kernel: 2).Activation(ActivationKind.Elu)
                .MaxPool(kernel: 2, stride: 1).Flatten().Linear(2)),
            ["normalised vectors"] = (FeatureShape.Vector(12), "ce", b => b
                .LayerNorm().Linear(11).LayerNorm().Activation(ActivationKind.Tanh)
                .Residual(r => r.Linear(11).LayerNorm(epsilon: 0.1)).LayerNorm().Linear(4)),
            ["normalised pictures"] = (new FeatureShape(5, 6, 6), "mse", b => b
                .GroupNorm(groups: 1).Convolution(20, kernel: 3, padding: 1, bias: false)
                .GroupNorm(groups: 4).Activation(ActivationKind.Silu)
                .Residual(
                    r => r.Convolution(18, kernel: 3, stride: 2, padding: 1).GroupNorm(groups: 3),
                    s => s.Convolution(18, kernel: 1, stride: 2).GroupNorm(groups: 18))
                .Activation(ActivationKind.Tanh).LayerNorm().GlobalAveragePool().Flatten().Linear(3)),
            ["packed inputs"] = (new FeatureShape(8, 4, 3), "ce", b => b
                .Flatten().Linear(33).Activation(ActivationKind.Tanh)
                    .Linear(17).Activation(ActivationKind.Relu).Linear(5)),
            ["packed inputs without bias"] = (FeatureShape.Vector(64), "mse", b => b
                .Linear(16, bias: false).Activation(ActivationKind.Sigmoid).Linear(2)),
            ["packed shortcut"] = (FeatureShape.Vector(70), "mse", b => b
                .Residual(r => r.Linear(40).Activation(ActivationKind.Tanh).Linear(18), s => s.Linear(18)).Linear(3)),
            ["tokens"] = (FeatureShape.Sequence(6, 1), "ce", b => b
                .TokenEmbedding(vocabulary: 5, width: 8).LearnedPositions(rows: 9)
                .Residual(r => r.LayerNorm().PositionwiseLinear(24, transposed: true).Attention(heads: 2, causal: true)
                    .PositionwiseLinear(8, transposed: true))
                .Residual(
                    r => r.LayerNorm().PositionwiseLinear(9).Activation(ActivationKind.Gelu).PositionwiseLinear(8))
                .Tied("0.weight").PositionwiseLinear(5, bias: false)),
            ["smoothed class token"] = (new FeatureShape(4, 6, 2), "ce:0.2", b => b
                .Declare("class_token", new("", [1, 1, 9], ParameterRole.Embedding, 1, 9))
                .Convolution(9, kernel: 2, stride: 2).Named("").ClassToken().LearnedPositions("pos", leading: 1)
                .LayerNorm().PositionwiseLinear(27).Attention(heads: 3).FirstToken().Linear(4)),
            ["tokens to one class"] = (FeatureShape.Sequence(5, 1), "ce", b => b
                .TokenEmbedding(vocabulary: 4, width: 6).PositionwiseLinear(18).Attention(heads: 1)
                .Activation(ActivationKind.Tanh).GlobalAveragePool().Linear(3)),
            ["attention to many places"] = (FeatureShape.Sequence(51, 1), "mse", b => b
                .TokenEmbedding(vocabulary: 3, width: 6)
                    .Attention(heads: 2, causal: true).GlobalAveragePool().Linear(2)),
            ["tied and unused"] = (FeatureShape.Vector(6), "mse", b => b
                .Declare("unused.before", new("", [3, 2], ParameterRole.Weight, 2, 3))
                .Linear(6).Activation(ActivationKind.Tanh).Tied("0.weight").Linear(6, bias: false)
                .Declare("unused.between", new("", [5], ParameterRole.Bias, 2, 3))
                .Activation(ActivationKind.Silu).Tied("0.weight").Linear(6).Linear(2)),
            ["frozen vectors"] = (FeatureShape.Vector(7), "ce", b => b
                .Linear(6).LayerNorm().Linear(6).Activation(ActivationKind.Tanh).LayerNorm()
                .Residual(r => r.Linear(6).Activation(ActivationKind.Tanh).LayerNorm()).Linear(4)),
            ["frozen pictures"] = (new FeatureShape(5, 4, 2), "mse", b => b
                .Convolution(4, kernel: 2).GroupNorm(groups: 2).Convolution(3, kernel: 3, padding: 1)
                .GroupNorm(groups: 1).Activation(ActivationKind.Silu).Flatten().Linear(3)),
            ["frozen tokens"] = (FeatureShape.Sequence(4, 1), "ce", b => b
                .TokenEmbedding(vocabulary: 5, width: 6).LearnedPositions().PositionwiseLinear(18).Attention(heads: 2)
                .PositionwiseLinear(6, transposed: true).Activation(ActivationKind.Gelu).Tied("0.weight")
                .PositionwiseLinear(5, bias: false)),

            // Above the thresholds of the threaded loops: 2^15 elements of elementwise work, 2^18 of a float64 product.
            ["threaded vectors"] = (FeatureShape.Vector(96), "ce", b => b
                .Linear(96).Activation(ActivationKind.GeluTanh).Linear(96).Activation(ActivationKind.Tanh).Linear(10)),
            ["threaded normalised pictures"] = (new FeatureShape(12, 12, 3), "ce", b => b
                .Convolution(16, kernel: 3, padding: 1, bias: false)
                    .GroupNorm(groups: 4).Activation(ActivationKind.Tanh)
                .LayerNorm().AveragePool(kernel: 3).Flatten().Linear(5)),
            ["threaded pictures"] = (new FeatureShape(12, 12, 3), "ce", b => b
                .Convolution(8, kernel: 3, padding: 1).Activation(ActivationKind.Silu).MaxPool(kernel: 2)
                .Residual(r => r.Convolution(8, kernel: 3, padding: 1).Activation(ActivationKind.Tanh))
                .AveragePool(kernel: 2).Flatten().Linear(10)),
        };

    // What the frozen networks freeze: first, middle and single parameters.
    private static readonly Dictionary<string, string[]> FrozenParameters = new()
    {
        ["frozen vectors"] = ["0.weight", "1.bias", "2.bias", "4.*", "5.branch.0.*", "5.branch.2.weight"],
        ["frozen pictures"] = ["0.weight", "1.*", "2.weight", "3.weight"],
        ["frozen tokens"] = ["1.weight", "2.weight", "4.*"],
    };

    private RandomCase(string name, int samples, ulong seed)
    {
        (FeatureShape input, string loss, Func<NetworkBuilder, NetworkBuilder> layers) = Networks[name];
        var random = new Xoshiro256(seed);
        Network = layers(new NetworkBuilder(input)).Build(name);
        if (FrozenParameters.TryGetValue(name, out string[]? frozen))
        {
            Network = Network.Freeze(frozen);
        }

        Loss = OpposingSignals.Networks.Loss.Named(loss);
        Inputs = Network.Vocabulary > 0
            ? HostTensor.From<long>(Integers(random, samples * input.Size, Network.Vocabulary), samples, input.Size)
            : HostTensor.From<double>(
                Draw(random, samples * input.Size, 1), samples, input.Channels, input.Height, input.Width);
        int positions = Network.OutputShape.Positions;
        Targets = Loss is CrossEntropy
            ? HostTensor.From<long>(
                Integers(random, samples * positions, Network.OutputShape.Channels), samples, positions)
            : HostTensor.From<double>(Draw(random, samples * Network.Outputs, 1), samples, Network.Outputs);
        Parameters =
        [
            .. Network.Parameters.SelectMany(parameter =>
                Draw(random, (int)parameter.Count, 1 / Math.Sqrt(parameter.Specification.FanIn))),
        ];
        Vectors = Draw(random, PlainComparison.Vectors * Parameters.Length, 1);
        foreach ((_, RunningStatistics running) in Network.Running)
        {
            Draw(random, running.Mean.Length, 1).CopyTo(running.Mean);
            Array.ConvertAll(Draw(random, running.Mean.Length, 1), value => 0.5 + (value * value))
                .CopyTo(running.Variance);
        }
    }

    /// <summary>Names of every network.</summary>
    public static IEnumerable<string> Names => Networks.Keys;

    public Network Network { get; }

    public Loss Loss { get; }

    public HostTensor Inputs { get; }

    public HostTensor Targets { get; }

    public double[] Parameters { get; }

    /// <summary>Directions [3, P].</summary>
    public double[] Vectors { get; }

    public int Samples => Inputs.Shape[0];

    /// <summary>
    /// The case of a name and a seed; the networks above the threads' thresholds get 32 samples, the others 7.
    /// </summary>
    public static RandomCase Make(string name, ulong seed) =>
        new(name, name.StartsWith("threaded", StringComparison.Ordinal) ? 32 : 7, seed);

    private static long[] Integers(Xoshiro256 random, int count, int below) =>
        [.. Enumerable.Range(0, count).Select(_ => (long)random.NextInt32(below))];

    private static double[] Draw(Xoshiro256 random, int count, double scale)
    {
        double[] values = new double[count];
        foreach (ref double value in values.AsSpan())
        {
            value = scale * random.NextGaussian();
        }

        return values;
    }
}
