using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// cuBLASLt: products by <c>cublasLtMatmul</c>, a call a term, K vectors as a batch, the bias in the epilogue, with
/// the algorithm that its heuristic puts first.
/// </summary>
internal sealed unsafe class CublasLt : KernelLibrary
{
    private readonly delegate* unmanaged<nint, byte*> _statusName;
    private readonly LibraryHandle _handle;
    private readonly DeviceBuffer _workspace;

    private CublasLt(CudaDevice device, SharedLibrary library)
        : base("cuBLASLt", device, library)
    {
        _statusName = (delegate* unmanaged<nint, byte*>)library.Export("cublasLtGetStatusName");
        var create = (delegate* unmanaged<nint*, int>)library.Export("cublasLtCreate");
        Version = (long)((delegate* unmanaged<nuint>)library.Export("cublasLtGetVersion"))();
        Calls = new CublasLtCalls(library);
        nint destroy = library.Export("cublasLtDestroy"), handle;
        using CudaContext.Entered entered = device.EnterContext();
        Check(create(&handle), "cublasLtCreate");
        _handle = new LibraryHandle(handle, destroy);
        _workspace = device.Allocate(GemmWorkspace.Bytes);
    }

    /// <inheritdoc/>
    public override long Version { get; }

    public CublasLtCalls Calls { get; }

    public nint Handle => _handle.Value;

    public nint Workspace => _workspace.Address;

    public static KernelLibrary Open(CudaDevice device, LibrarySearch search) =>
        new CublasLt(device, SharedLibrary.Find("cuBLASLt", "libcublasLt.so", [13, 12, 11], search));

    /// <inheritdoc/>
    public override void Dispose()
    {
        using CudaContext.Entered entered = Device.EnterContext();
        _handle.Dispose();
        _workspace.Dispose();
    }

    /// <inheritdoc/>
    internal override bool Prepare<TArguments>(
        string operation, in TArguments arguments, ICollection<ILibraryCall> calls)
    {
        if (arguments is not Products.ProductArguments product)
        {
            return false;
        }

        GemmTerm[] terms = GemmTerm.Of(product);
        for (int t = 0; t < terms.Length; t++)
        {
            // The bias goes with the first term.
            var bias = new VectorView(t == 0 ? product.Bias : 0, product.BiasVectorStride);
            calls.Add(new CublasLtProduct(this, Device, terms[t], bias));
        }

        return true;
    }

    /// <inheritdoc/>
    private protected override string Described(int status) => Text(_statusName(status));
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
