using System.Runtime.InteropServices;
using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// Launchers of <c>native/cuda/row_normalization.cu</c>, to which <see cref="NormalizationLaunchers"/> leaves
/// matrices of one row that is normalised as a whole.
/// </summary>
internal static class RowNormalizationLaunchers
{
    private static readonly RowKernel ForwardKernel = new("forward");
    private static readonly RowKernel TangentKernel = new("tangent");
    private static readonly RowKernel BackwardKernel = new("backward");
    private static readonly RowKernel TangentBackwardKernel = new("tangent_backward");
    private static readonly RowKernel SecondOrderKernel = new("second_order");

    /// <summary>Whether these passes apply: statistics of every row, and a block's threads can keep one.</summary>
    public static bool Apply(in FeatureNormalization.Arguments a) =>
        a.Rows == 1 && a.Groups == 1 && a.FixedStatistics == 0
        && a.Channels * a.Precision.Size() <= RowPlan.LongestRowBytes;

    public static void Forward(CudaLaunch launch, in FeatureNormalization.Arguments a) =>
        Run(launch, ForwardKernel, a, RowPlan.Of(a), vectors: 1);

    public static void Tangent(CudaLaunch launch, in FeatureNormalization.Arguments a) =>
        Run(launch, TangentKernel, a, RowPlan.Of(a), a.Vectors);

    public static void Backward(CudaLaunch launch, in FeatureNormalization.Arguments a) =>
        Pull(launch, BackwardKernel, a);

    // Where the input has no tangent the weight's cotangent is linear in its own tangent, and nobody wants the input's.
    public static void TangentBackward(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        launch.Require(a.InputTangent != 0 || a.Out == 0, "an input without tangent has no cotangent");
        Pull(launch, a.InputTangent == 0 ? BackwardKernel : TangentBackwardKernel, a);
    }

    public static void SecondOrder(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        launch.Require(a.InputTangent != 0, "the input's tangent is missing");
        Run(launch, SecondOrderKernel, a, RowPlan.Of(a), a.Vectors);
    }

    private static void Pull(CudaLaunch launch, RowKernel kernel, in FeatureNormalization.Arguments a)
    {
        if (a.WeightCotangent == 0 && a.BiasCotangent == 0)
        {
            Run(launch, kernel, a, RowPlan.Of(a), a.Vectors);
            return;
        }

        RowPlan plan = RowPlan.WithSums(a);
        long parts = plan.Parts(a);
        plan = plan with { Partial = launch.Scratch(a.Vectors * parts * 2 * a.Channels * sizeof(double)) };
        Run(launch, kernel, a, plan, a.Vectors);
        NormalizationLaunchers.AddParameters(
            launch, a with { Matrices = parts }, plan.Partial, terms: 2, weightTerm: 1, biasTerm: 0);
    }

    private static void Run(
        CudaLaunch launch, RowKernel kernel, in FeatureNormalization.Arguments a, RowPlan plan, long vectors) =>
        launch.Run(
            RowPlan.IsNarrow(a) ? kernel.Narrow : kernel.Wide, a.Precision,
            new CudaGrid(plan.Parts(a) * vectors, Threads: plan.Threads), a, plan);

    // A pass: the kernel for rows of which a thread keeps 16 bytes, and that for 32.
    private sealed class RowKernel(string pass)
    {
        public CudaKernel Narrow { get; } = new("row_normalization", $"row_normalization_{pass}_narrow");

        public CudaKernel Wide { get; } = new("row_normalization", $"row_normalization_{pass}_wide");
    }

    /// <summary>How the rows are cut, by the shape alone; as in row_normalization.cu.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct RowPlan
    {
        private const int Warp = 32;
        private const int NarrowBytes = 16;
        private const int WideBytes = 32;
        private const int MostWarps = 16;

        // A block of several teams: enough warps to hide a barrier's wait, few enough to be many blocks.
        private const int WarpsOfTeams = 8;

        // Rows whose sums are one partial sum of every parameter: writing and reading it is then at most two bytes per
        // element. And few parts, since adding them up must not take longer than the pass, but several blocks per
        // multiprocessor.
        private const int LeastSummedRows = 16;
        private const int MostSummedParts = 256;

        // Without sums a team has one row, unless there are very many.
        private const int MostParts = 1 << 16;

        private readonly long _partRows;
        private readonly long _rowWarps;
        private readonly nint _partial;

        private RowPlan(in FeatureNormalization.Arguments a, long leastRows, long mostParts)
        {
            const int bytesOfWarp = Warp * WideBytes;
            _rowWarps = IsNarrow(a) ? 1 : ((a.Channels * a.Precision.Size()) + bytesOfWarp - 1) / bytesOfWarp;
            _partRows = Math.Max(Math.Max(leastRows, Teams), (a.Matrices + mostParts - 1) / mostParts);
        }

        public static int LongestRowBytes => MostWarps * Warp * WideBytes;

        public nint Partial
        {
            get => _partial;
            init => _partial = value;
        }

        public int Threads => (int)(Teams * _rowWarps * Warp);

        private long Teams => Math.Max(1, WarpsOfTeams / _rowWarps);

        public static bool IsNarrow(in FeatureNormalization.Arguments a) =>
            a.Channels * a.Precision.Size() <= Warp * NarrowBytes;

        public static RowPlan Of(in FeatureNormalization.Arguments a) => new(a, leastRows: 1, MostParts);

        public static RowPlan WithSums(in FeatureNormalization.Arguments a) => new(a, LeastSummedRows, MostSummedParts);

        public long Parts(in FeatureNormalization.Arguments a) => (a.Matrices + _partRows - 1) / _partRows;
    }
}
