using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>
/// Launchers of <c>native/cuda/embedding.cu</c>. Tokens were checked on the host before they were uploaded.
/// </summary>
internal static class EmbeddingLaunchers
{
    private static readonly CudaKernel ForwardKernel = new("embedding", "embedding_forward");
    private static readonly CudaKernel BackwardKernel = new("embedding", "embedding_backward");

    public static void AddTo(CudaOperations table)
    {
        table.Add<TokenEmbedding.Arguments>("embedding_forward", Forward);
        table.Add<TokenEmbedding.Arguments>("embedding_backward", Backward);
    }

    private static void Forward(CudaLaunch launch, in TokenEmbedding.Arguments a)
    {
        Check(launch, a);
        launch.Run(ForwardKernel, a.Precision, CudaGrid.Over(a.Vectors * a.Rows * a.Width), a);
    }

    private static void Backward(CudaLaunch launch, in TokenEmbedding.Arguments a)
    {
        Check(launch, a);
        launch.Run(BackwardKernel, a.Precision, new CudaGrid(a.Rows, a.Vectors), a);
    }

    private static void Check(CudaLaunch launch, in TokenEmbedding.Arguments a) =>
        launch.Require(a.Vectors >= 1 && a.Rows >= 1 && a.Width >= 1 && a.Vocabulary >= 1, "extents must be positive");
}
