using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// cuBLASLt: products by <c>cublasLtMatmul</c>, a call a term, K vectors as a batch, the bias in the epilogue, with
/// the algorithm that its heuristic puts first.
/// </summary>
internal sealed unsafe class CublasLt : ProductLibrary
{
    private CublasLt(CudaDevice device, SharedLibrary library)
        : base("cuBLASLt", device, library, "cublasLtCreate", "cublasLtDestroy", "cublasLtGetStatusName")
    {
        try
        {
            Version = (long)((delegate* unmanaged<nuint>)library.Export("cublasLtGetVersion"))();
            Calls = new CublasLtCalls(library);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Version { get; }

    public CublasLtCalls Calls { get; }

    public static KernelLibrary Open(CudaDevice device, LibrarySearch search) =>
        new CublasLt(device, SharedLibrary.Find("cuBLASLt", "libcublasLt.so", [13, 12, 11], search));

    /// <inheritdoc/>
    private protected override void Prepare(Products.ProductArguments product, ICollection<ILibraryCall> calls)
    {
        GemmTerm[] terms = GemmTerm.Of(product);
        for (int t = 0; t < terms.Length; t++)
        {
            // The bias goes with the first term.
            var bias = new VectorView(t == 0 ? product.Bias : 0, product.BiasVectorStride);
            calls.Add(new CublasLtProduct(this, Device, terms[t], bias));
        }
    }
}

/// <summary>The entry points of cuBLASLt that a product takes (cublasLt.h; https://docs.nvidia.com/cuda/cublas,
/// section 3).</summary>
internal sealed unsafe class CublasLtCalls(SharedLibrary library)
{
    /// <summary>(handle, description, α, A, layout, B, layout, β, C, layout, D, layout, algorithm, workspace, its
    /// bytes, stream)</summary>
    public readonly delegate* unmanaged<
        nint, nint, void*, nint, nint, nint, nint, void*, nint, nint, nint, nint, void*, nint, nuint, nint, int>
        Matmul =
        (delegate* unmanaged<
            nint, nint, void*, nint, nint, nint, nint, void*, nint, nint, nint, nint, void*, nint, nuint, nint, int>)
        library.Export("cublasLtMatmul");

    /// <summary>(handle, description, layouts of A, B, C and D, preference, asked for, results, how many)</summary>
    public readonly delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, void*, int*, int> Heuristic =
        (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, void*, int*, int>)
        library.Export("cublasLtMatmulAlgoGetHeuristic");

    /// <summary>(description, compute type, type of α and β)</summary>
    public readonly delegate* unmanaged<nint*, int, int, int> CreateDescription =
        (delegate* unmanaged<nint*, int, int, int>)library.Export("cublasLtMatmulDescCreate");

    /// <summary>(layout, type, rows, columns, leading)</summary>
    public readonly delegate* unmanaged<nint*, int, ulong, ulong, long, int> CreateLayout =
        (delegate* unmanaged<nint*, int, ulong, ulong, long, int>)library.Export("cublasLtMatrixLayoutCreate");

    /// <summary>(preference)</summary>
    public readonly delegate* unmanaged<nint*, int> CreatePreference =
        (delegate* unmanaged<nint*, int>)library.Export("cublasLtMatmulPreferenceCreate");

    /// <summary>(descriptor, attribute, value, its bytes)</summary>
    public readonly delegate* unmanaged<nint, int, void*, nuint, int>
        SetOfDescription = (delegate* unmanaged<nint, int, void*, nuint, int>)
            library.Export("cublasLtMatmulDescSetAttribute"),
        SetOfLayout = (delegate* unmanaged<nint, int, void*, nuint, int>)
            library.Export("cublasLtMatrixLayoutSetAttribute"),
        SetOfPreference = (delegate* unmanaged<nint, int, void*, nuint, int>)
            library.Export("cublasLtMatmulPreferenceSetAttribute");

    public readonly nint
        DestroyDescription = library.Export("cublasLtMatmulDescDestroy"),
        DestroyLayout = library.Export("cublasLtMatrixLayoutDestroy"),
        DestroyPreference = library.Export("cublasLtMatmulPreferenceDestroy");
}
