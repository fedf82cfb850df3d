using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A term of a product by cuBLASLt, with its descriptors and its algorithm.</summary>
internal sealed unsafe class CublasLtProduct : ILibraryCall
{
    // Attributes (cublasLt.h): CUBLASLT_MATMUL_DESC_TRANSA, _TRANSB, _EPILOGUE, _BIAS_POINTER, _BIAS_BATCH_STRIDE;
    // CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, _STRIDED_BATCH_OFFSET; CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES.
    private const int TransposeLeft = 3, TransposeRight = 4, Epilogue = 7, BiasPointer = 8, BiasStride = 10;
    private const int BatchCount = 5, BatchStride = 6;
    private const int MostWorkspace = 1;

    // CUBLASLT_EPILOGUE_BIAS: a number for each row of the column-major result, which is a column of ours.
    private const uint BiasEpilogue = 4;

    private readonly CublasLt _library;
    private readonly CudaDevice _device;
    private readonly GemmTerm _term;
    private readonly List<LibraryHandle> _handles = [];
    private readonly nint _description, _left, _right, _out;
    private readonly HeuristicResult _chosen;

    public CublasLtProduct(CublasLt library, CudaDevice device, in GemmTerm term, VectorView bias)
    {
        (_library, _device, _term) = (library, device, term);
        using CudaContext.Entered entered = device.EnterContext();
        try
        {
            GemmTypes types = GemmTypes.Of(term.Precision, device.Arithmetic);
            _description = Description(types, bias);
            _left = Layout(types, term.M, term.K, term.Left.Transposed != 0, term.Left.Leading, term.Left.VectorStride);
            _right = Layout(
                types, term.K, term.N, term.Right.Transposed != 0, term.Right.Leading, term.Right.VectorStride);
            _out = Layout(types, term.M, term.N, transposed: false, term.OutLeading, term.OutStride);
            _chosen = FirstOfHeuristic();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Run()
    {
        ScalingFactor one = ScalingFactor.Of(1, _term.Precision);
        ScalingFactor kept = ScalingFactor.Of(_term.Accumulate ? 1 : 0, _term.Precision);
        HeuristicResult chosen = _chosen;
        using CudaContext.Entered entered = _device.EnterContext();
        int status = _library.Calls.Matmul(
            _library.Handle, _description, &one, _term.Left.Data, _left, _term.Right.Data, _right, &kept,
            _term.Out, _out, _term.Out, _out, &chosen.Algorithm, _library.Workspace, chosen.WorkspaceBytes,
            _device.StreamHandle);
        _library.Check(status, "cublasLtMatmul");
    }

    public void Finish()
    {
    }

    public void Dispose() => _handles.ForEach(handle => handle.Dispose());

    private nint Description(GemmTypes types, VectorView bias)
    {
        CublasLtCalls calls = _library.Calls;
        nint description;
        _library.Check(calls.CreateDescription(&description, types.Compute, types.Data), "cublasLtMatmulDescCreate");
        _handles.Add(new LibraryHandle(description, calls.DestroyDescription));
        Describe(description, TransposeLeft, GemmTerm.OperationOf(_term.Left));
        Describe(description, TransposeRight, GemmTerm.OperationOf(_term.Right));
        if (bias.Exists)
        {
            Describe(description, Epilogue, BiasEpilogue);
            Describe(description, BiasPointer, bias.Address);
            Describe(description, BiasStride, bias.Stride);
        }

        return description;
    }

    private void Describe<T>(nint description, int attribute, T value)
        where T : unmanaged =>
        _library.Check(
            _library.Calls.SetOfDescription(description, attribute, &value, (nuint)sizeof(T)),
            "cublasLtMatmulDescSetAttribute");

    // Of op(matrix) [rows, columns] as it is stored.
    private nint Layout(GemmTypes types, long rows, long columns, bool transposed, long leading, long stride)
    {
        CublasLtCalls calls = _library.Calls;
        nint layout;
        (ulong stored, ulong across) = transposed ? ((ulong)columns, (ulong)rows) : ((ulong)rows, (ulong)columns);
        _library.Check(calls.CreateLayout(&layout, types.Data, stored, across, leading), "cublasLtMatrixLayoutCreate");
        _handles.Add(new LibraryHandle(layout, calls.DestroyLayout));
        if (_term.Batch > 1)
        {
            int batch = (int)_term.Batch;
            const string call = "cublasLtMatrixLayoutSetAttribute";
            _library.Check(calls.SetOfLayout(layout, BatchCount, &batch, sizeof(int)), call);
            _library.Check(calls.SetOfLayout(layout, BatchStride, &stride, sizeof(long)), call);
        }

        return layout;
    }

    private HeuristicResult FirstOfHeuristic()
    {
        CublasLtCalls calls = _library.Calls;
        nint preference;
        _library.Check(calls.CreatePreference(&preference), "cublasLtMatmulPreferenceCreate");
        using var handle = new LibraryHandle(preference, calls.DestroyPreference);
        ulong most = (ulong)ProductLibrary.WorkspaceBytes;
        _library.Check(
            calls.SetOfPreference(preference, MostWorkspace, &most, sizeof(ulong)),
            "cublasLtMatmulPreferenceSetAttribute");
        HeuristicResult first = default;
        int found;
        _library.Check(
            calls.Heuristic(_library.Handle, _description, _left, _right, _out, _out, preference, 1, &first, &found),
            "cublasLtMatmulAlgoGetHeuristic");
        _library.Check(first.State, "cublasLtMatmulAlgoGetHeuristic");
        return found > 0 ? first : throw new LibraryException($"{_library.Name} has no algorithm for this product.");
    }

    // cublasLtMatmulHeuristicResult_t.
    [StructLayout(LayoutKind.Sequential)]
    private struct HeuristicResult
    {
        public AlgorithmWords Algorithm;
        public nuint WorkspaceBytes;
        public int State;
        public float Waves;
        public ReservedWords Reserved;
    }

    // cublasLtMatmulAlgo_t.
    [InlineArray(8)]
    private struct AlgorithmWords
    {
        private ulong _first;
    }

    [InlineArray(4)]
    private struct ReservedWords
    {
        private int _first;
    }
}
