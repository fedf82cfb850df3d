using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// cuBLAS: products by <c>cublasGemmStridedBatchedEx</c>, a call a term, K vectors as a batch. It adds no bias: a
/// kernel of ours writes it first.
/// </summary>
/// <remarks>Constants are those of cublas_api.h, the same from CUDA 11 to 13;
/// https://docs.nvidia.com/cuda/cublas.</remarks>
internal sealed unsafe class Cublas : ProductLibrary
{
    // CUBLAS_GEMM_DEFAULT: the library chooses.
    private const int DefaultAlgorithm = -1;

    private static readonly Operation<Rows.Arguments> CopyRows = new("rows_copy");

    private readonly delegate* unmanaged<
        nint, int, int, int, int, int, void*, nint, int, int, long, nint, int, int, long, void*, nint, int, int,
        long, int, int, int, int> _gemm;

    private Cublas(CudaDevice device, SharedLibrary library)
        : base("cuBLAS", device, library, "cublasCreate_v2", "cublasDestroy_v2", "cublasGetStatusName")
    {
        using CudaContext.Entered entered = device.EnterContext();
        try
        {
            _gemm = (delegate* unmanaged<
                nint, int, int, int, int, int, void*, nint, int, int, long, nint, int, int, long, void*, nint, int, int,
                long, int, int, int, int>)library.Export("cublasGemmStridedBatchedEx");
            var setStream = (delegate* unmanaged<nint, nint, int>)library.Export("cublasSetStream_v2");
            var setWorkspace = (delegate* unmanaged<nint, nint, nuint, int>)library.Export("cublasSetWorkspace_v2");
            var getVersion = (delegate* unmanaged<nint, int*, int>)library.Export("cublasGetVersion_v2");

            // In this order: a new stream brings the library's own workspace back, which recorded work must not
            // allocate.
            int version;
            Check(setStream(Handle, device.StreamHandle), "cublasSetStream");
            Check(setWorkspace(Handle, Workspace, (nuint)WorkspaceBytes), "cublasSetWorkspace");
            Check(getVersion(Handle, &version), "cublasGetVersion");
            Version = version;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Version { get; }

    public static KernelLibrary Open(CudaDevice device, LibrarySearch search) =>
        new Cublas(device, SharedLibrary.Find("cuBLAS", "libcublas.so", [13, 12, 11], search));

    /// <inheritdoc/>
    private protected override void Prepare(Products.ProductArguments product, ICollection<ILibraryCall> calls)
    {
        if (product.Bias != 0)
        {
            calls.Add(new KernelCall<Rows.Arguments>(Device, CopyRows, new Rows.Arguments
            {
                Precision = product.Precision,
                Accumulate = product.Accumulate,
                Vectors = product.Vectors,
                Rows = product.Rows,
                Columns = product.Columns,
                In = product.Bias,
                InVectorStride = product.BiasVectorStride,
                Out = product.C,
                OutRowStride = product.CLeading,
                OutVectorStride = product.CVectorStride,
            }));
            product.Bias = 0;
            product.Accumulate = 1;
        }

        foreach (GemmTerm term in GemmTerm.Of(product))
        {
            calls.Add(new Gemm(this, term));
        }
    }

    private void Multiply(in GemmTerm term)
    {
        GemmTypes types = GemmTypes.Of(term.Precision, Device.Arithmetic);
        ScalingFactor one = ScalingFactor.Of(1, term.Precision);
        ScalingFactor kept = ScalingFactor.Of(term.Accumulate ? 1 : 0, term.Precision);
        using CudaContext.Entered entered = Device.EnterContext();
        int status = _gemm(
            Handle, GemmTerm.OperationOf(term.Left), GemmTerm.OperationOf(term.Right),
            Fits(term.M), Fits(term.N), Fits(term.K),
            &one, term.Left.Data, types.Data, Fits(term.Left.Leading), term.Left.VectorStride,
            term.Right.Data, types.Data, Fits(term.Right.Leading), term.Right.VectorStride,
            &kept, term.Out, types.Data, Fits(term.OutLeading), term.OutStride,
            Fits(term.Batch), types.Compute, DefaultAlgorithm);
        Check(status, "cublasGemmStridedBatchedEx");
    }

    private sealed class Gemm(Cublas library, GemmTerm term) : ILibraryCall
    {
        public void Run() => library.Multiply(term);

        public void Finish()
        {
        }

        public void Dispose()
        {
        }
    }
}
