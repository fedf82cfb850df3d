using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// y = γ h + β with h = (x − ⟨x⟩) s and s = 1/√(⟨(x − ⟨x⟩)²⟩ + ε), where ⟨·⟩ is the mean over a group of features and
/// γ, β are numbers per channel.
/// </summary>
/// <remarks>
/// With ẋ a tangent, b = ⟨h ẋ⟩ and g = γ ȳ:
/// <list type="table">
/// <item><term>Tangent</term><description>ḣ = s (ẋ − ⟨ẋ⟩ − b h); ẏ = γ ḣ + γ̇ h + β̇</description></item>
/// <item><term>Backward</term><description>x̄ = s (g − ⟨g⟩ − h ⟨h g⟩); γ̄ += Σ ȳ h; β̄ += Σ ȳ</description></item>
/// <item><term>TangentBackward</term><description>
/// s (ġ − ⟨ġ⟩ − h ⟨h ġ⟩ − ḣ ⟨h g⟩ − h ⟨ḣ g⟩) − s b x̄ with ġ the tangent of g; Σ (tangent of ȳ) h + ȳ ḣ; Σ tangent of ȳ
/// </description></item>
/// <item><term>SecondOrder</term><description>ÿ = 2 γ̇ ḣ − γ s (2 b ḣ + h ⟨ḣ ẋ⟩)</description></item>
/// </list>
/// Batch normalisation in evaluation mode has constants for ⟨x⟩ and s: every ⟨·⟩ of a derivative is then zero.
/// </remarks>
public sealed class FeatureNormalization : Layer
{
    private static readonly Operation<Arguments> ForwardOperation = new("normalization_forward");
    private static readonly Operation<Arguments> TangentOperation = new("normalization_tangent");
    private static readonly Operation<Arguments> BackwardOperation = new("normalization_backward");
    private static readonly Operation<Arguments> TangentBackwardOperation = new("normalization_tangent_backward");
    private static readonly Operation<Arguments> SecondOrderOperation = new("normalization_second_order");

    private readonly string _name;

    // Rows of channels of a sample that share statistics, and matrices of such rows in a sample.
    private readonly int _rows;
    private readonly int _matrices;

    private FeatureNormalization(string name, FeatureShape shape, int rows, int groups, double epsilon)
    {
        if (!(epsilon > 0 && double.IsFinite(epsilon)))
        {
            throw new InputException($"{name} takes a positive epsilon, got {epsilon}.");
        }

        (_name, OutputShape, _rows, Groups, Epsilon) = (name, shape, rows, groups, epsilon);
        _matrices = shape.Height * shape.Width / rows;
        Parameters =
        [
            new ParameterSpecification("weight", [shape.Channels], ParameterRole.Scale, 1, 1),
            new ParameterSpecification("bias", [shape.Channels], ParameterRole.Shift, 1, 1),
        ];
    }

    /// <summary>Groups of channels with statistics of their own.</summary>
    public int Groups { get; }

    /// <summary>Statistics for evaluation, of batch normalisation; null otherwise.</summary>
    public RunningStatistics? Running { get; private init; }

    /// <summary>Positions of an image that share statistics: one, or all.</summary>
    public int Positions => _rows;

    /// <summary>ε, added to the variance.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureShape> InputShapes => [OutputShape];

    /// <inheritdoc/>
    public override FeatureShape OutputShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSpecification> Parameters { get; }

    internal override bool NeedsInputTangent => true;

    internal override bool TakesActivationAfter => true;

    internal override bool OverwritesCotangent => true;

    internal override bool CouplesSamples => Running is not null;

    /// <summary>Statistics of each position over its channels (Ba, Kiros and Hinton 2016, arXiv 1607.06450).</summary>
    /// <exception cref="InputException">ε is not positive.</exception>
    public static FeatureNormalization LayerNorm(FeatureShape shape, double epsilon) =>
        new("LayerNorm", shape, rows: 1, groups: 1, epsilon);

    /// <summary>
    /// Statistics of each image over groups of successive channels and all positions (Wu and He 2018, arXiv
    /// 1803.08494).
    /// </summary>
    /// <exception cref="InputException">The groups do not divide the channels, or ε is not positive.</exception>
    public static FeatureNormalization GroupNorm(FeatureShape shape, int groups, double epsilon)
    {
        if (groups < 1 || shape.Channels % groups != 0)
        {
            throw new InputException(
                $"GroupNorm cannot cut {shape.Channels} channels into {groups} groups. Give a divisor of {shape.Channels}.");
        }

        return new("GroupNorm", shape, shape.Height * shape.Width, groups, epsilon);
    }

    /// <summary>Statistics of each channel over the micro-batch (Ioffe and Szegedy 2015, arXiv 1502.03167).</summary>
    /// <exception cref="InputException">ε is not positive.</exception>
    public static FeatureNormalization BatchNorm(FeatureShape shape, double epsilon) =>
        new("BatchNorm", shape, shape.Height * shape.Width, shape.Channels, epsilon)
        {
            Running = new RunningStatistics(shape.Channels),
        };

    /// <inheritdoc/>
    public override string ToString() => $"{_name}({Groups} x {OutputShape.Channels / Groups})";

    internal override long CacheBytes(int samples) => 2L * sizeof(double) * Matrices(samples) * Groups;

    internal override bool NeedsOutputCotangent(bool inputMoves) => inputMoves;

    internal override void Forward(LayerPass pass)
    {
        if (UsesRunning(pass))
        {
            UploadRunning(pass);
        }

        Arguments arguments = Describe(pass, 1);
        arguments.Bias = pass.Parameters[1];
        arguments.Out = pass.Output;
        arguments.Then = pass.TakeFollowing();
        pass.Device.Run(ForwardOperation, arguments);
    }

    internal override void Tangent(LayerPass pass) => pass.Device.Run(
        TangentOperation, WithTangents(pass, pass.OutputTangent.Address) with { Then = pass.TakeFollowing() });

    internal override void Backward(LayerPass pass) => Pull(BackwardOperation, pass, Describe(pass, pass.Vectors));

    internal override void TangentBackward(LayerPass pass)
    {
        Arguments arguments = WithTangents(pass, 0);
        arguments.Cotangent = pass.PrimalOutputCotangent;
        Pull(TangentBackwardOperation, pass, arguments);
    }

    internal override double SecondOrder(LayerPass pass)
    {
        if (!pass.InputTangents[0].Exists)
        {
            return 0;
        }

        pass.Device.Run(SecondOrderOperation, WithTangents(pass, pass.OutputTangent.Address));
        return 1;
    }

    /// <summary>What a micro-batch adds to the running statistics of batch normalisation.</summary>
    /// <param name="statistics">What Forward in training mode left in its cache.</param>
    /// <param name="samples">Samples of the micro-batch.</param>
    internal BatchStatistics Statistics(ReadOnlySpan<double> statistics, int samples)
    {
        double[] mean = new double[Groups], deviation = new double[Groups];
        for (int c = 0; c < Groups; c++)
        {
            double scale = statistics[(2 * c) + 1];
            mean[c] = statistics[2 * c];
            deviation[c] = Math.Max((1 / (scale * scale)) - Epsilon, 0);
        }

        return new BatchStatistics(mean, deviation, (long)samples * _rows);
    }

    private static void Pull(Operation<Arguments> operation, LayerPass pass, Arguments arguments)
    {
        arguments.Accumulate = pass.AccumulateInput[0] ? 1 : 0;
        arguments.OutputCotangent = pass.OutputCotangent.Address;
        arguments.Out = pass.InputCotangents[0].Address;
        if (pass.ParameterCotangents.Length > 0)
        {
            arguments.ParameterStride = ParameterStride(pass.ParameterCotangents);
            arguments.WeightCotangent = pass.ParameterCotangents[0].Address;
            arguments.BiasCotangent = pass.ParameterCotangents[1].Address;
        }

        if (arguments.Out != 0 || arguments.WeightCotangent != 0 || arguments.BiasCotangent != 0)
        {
            pass.Device.Run(operation, arguments);
        }
    }

    // Frozen ones do not exist; all others have the length of θ between vectors.
    private static long ParameterStride(VectorView[] views) => Math.Max(views[0].Stride, views[1].Stride);

    private Arguments WithTangents(LayerPass pass, nint output)
    {
        Arguments arguments = Describe(pass, pass.Vectors);
        arguments.ParameterStride = ParameterStride(pass.ParameterTangents);
        arguments.WeightTangent = pass.ParameterTangents[0].Address;
        arguments.BiasTangent = pass.ParameterTangents[1].Address;
        arguments.InputTangent = pass.InputTangents[0].Address;
        arguments.Out = output;
        return arguments;
    }

    private Arguments Describe(LayerPass pass, int vectors) => new()
    {
        Precision = pass.Precision,
        Epsilon = Epsilon,
        Vectors = vectors,
        FixedStatistics = UsesRunning(pass) ? 1 : 0,
        Matrices = Matrices(pass.Samples),
        Rows = Running is null ? _rows : (long)pass.Samples * _rows,
        Channels = OutputShape.Channels,
        Groups = Groups,
        X = pass.Inputs[0],
        Statistics = pass.Cache,
        Weight = pass.Parameters[0],
    };

    private long Matrices(int samples) => Running is null ? (long)samples * _matrices : 1;

    private bool UsesRunning(LayerPass pass) => Running is not null && pass.BatchNorm == BatchNormMode.Eval;

    private void UploadRunning(LayerPass pass)
    {
        double[] statistics = new double[2 * Groups];
        for (int c = 0; c < Groups; c++)
        {
            statistics[2 * c] = Running!.Mean[c];
            statistics[(2 * c) + 1] = 1 / Math.Sqrt(Running.Variance[c] + Epsilon);
        }

        pass.Device.Upload<double>(statistics, pass.Cache);
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Accumulate;
        public int FixedStatistics;
        public int Reserved;
        public double Epsilon;
        public long Vectors;
        public long Matrices;
        public long Rows;
        public long Channels;
        public long Groups;
        public long ParameterStride;
        public nint X;
        public nint Statistics;
        public nint Weight;
        public nint Bias;
        public nint WeightTangent;
        public nint BiasTangent;
        public nint InputTangent;
        public nint Cotangent;
        public nint OutputCotangent;
        public nint Out;
        public nint WeightCotangent;
        public nint BiasCotangent;
        public Activation.Arguments Then;
    }
}
