using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/attention.cu</c> and <c>attention_backward.cu</c>.</summary>
internal static class AttentionLaunchers
{
    // As in attention_walk.cuh.
    private const int Threads = 128;
    private const int Width = 64;
    private const int NumbersPerRow = 5;

    private static readonly CudaKernel ForwardKernel = new("attention", "attention_forward");
    private static readonly CudaKernel TangentKernel = new("attention", "attention_tangent");
    private static readonly CudaKernel SecondOrderKernel = new("attention", "attention_second_order");
    private static readonly CudaKernel MeansKernel = new("attention_backward", "attention_means");
    private static readonly CudaKernel BackwardQueries = new("attention_backward", "attention_backward_queries");
    private static readonly CudaKernel BackwardKeys = new("attention_backward", "attention_backward_keys");
    private static readonly CudaKernel TangentBackwardQueries =
        new("attention_backward", "attention_tangent_backward_queries");

    private static readonly CudaKernel TangentBackwardKeys =
        new("attention_backward", "attention_tangent_backward_keys");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Attention.Arguments>("attention_forward", (launch, in a) => Forward(launch, a, numbers: 0));
        table.Add<Attention.Arguments>(
            "attention_tangent", (launch, in a) => Tangent(launch, a, primal: 0, numbers: 0));
        table.Add<Attention.Arguments>("attention_backward", Backward);
        table.Add<Attention.Arguments>("attention_tangent_backward", TangentBackward);
        table.Add<Attention.Arguments>("attention_second_order", SecondOrder);
    }

    private static void Forward(CudaLaunch launch, in Attention.Arguments a, nint numbers)
    {
        Check(launch, a);
        launch.Run(ForwardKernel, a.Precision, Blocks(a, vectors: 1), a, numbers);
    }

    private static void Tangent(CudaLaunch launch, in Attention.Arguments a, nint primal, nint numbers)
    {
        Check(launch, a);
        launch.Run(TangentKernel, a.Precision, Blocks(a, a.Vectors), a, primal, numbers);
    }

    private static void Backward(CudaLaunch launch, in Attention.Arguments a)
    {
        nint primal = launch.Scratch(OutputBytes(a)), numbers = Numbers(launch, a);
        Forward(launch, a with { Out = primal }, numbers);
        launch.Run(MeansKernel, a.Precision, CudaGrid.OverWarps(a.Vectors * Rows(a)), a, primal, (nint)0, numbers);
        launch.Run(BackwardQueries, a.Precision, Blocks(a, a.Vectors), a, numbers);
        launch.Run(BackwardKeys, a.Precision, Blocks(a, a.Vectors), a, numbers);
    }

    private static void TangentBackward(CudaLaunch launch, in Attention.Arguments a)
    {
        nint primal = launch.Scratch(OutputBytes(a)), tangent = launch.Scratch(a.Vectors * OutputBytes(a));
        nint numbers = Numbers(launch, a);
        Tangent(launch, a with { Out = tangent }, primal, numbers);
        launch.Run(MeansKernel, a.Precision, CudaGrid.OverWarps(a.Vectors * Rows(a)), a, primal, tangent, numbers);
        launch.Run(TangentBackwardQueries, a.Precision, Blocks(a, a.Vectors), a, numbers);
        launch.Run(TangentBackwardKeys, a.Precision, Blocks(a, a.Vectors), a, numbers);
    }

    // The tangent is written first where the second order is wanted: only its means are used.
    private static void SecondOrder(CudaLaunch launch, in Attention.Arguments a)
    {
        nint primal = launch.Scratch(OutputBytes(a)), numbers = Numbers(launch, a);
        Tangent(launch, a, primal, numbers);
        launch.Run(SecondOrderKernel, a.Precision, Blocks(a, a.Vectors), a, primal, numbers);
    }

    private static nint Numbers(CudaLaunch launch, in Attention.Arguments a) =>
        launch.Scratch(a.Vectors * Rows(a) * NumbersPerRow * a.Precision.Size());

    private static long Rows(in Attention.Arguments a) => a.Samples * a.Positions * a.Heads;

    private static long OutputBytes(in Attention.Arguments a) => Rows(a) * a.Width * a.Precision.Size();

    private static CudaGrid Blocks(in Attention.Arguments a, long vectors)
    {
        long lines = a.Precision == Precision.Float64 ? 32 : 64;
        return new CudaGrid(
            vectors * a.Samples * a.Heads * ((a.Positions + lines - 1) / lines), (a.Width + Width - 1) / Width,
            Threads: Threads);
    }

    // Kernels count positions and channels of a head in 32 bits.
    private static void Check(CudaLaunch launch, in Attention.Arguments a)
    {
        const long most = 1 << 20;
        launch.Require(
            a.Vectors >= 1 && a.Samples >= 1 && a.Positions >= 1 && a.Heads >= 1 && a.Width >= 1,
            "extents must be positive");
        launch.Require(
            a.Positions <= most && a.Width <= most && Blocks(a, a.Vectors).X <= int.MaxValue,
            "too large for one launch");
    }
}
