using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>Which of the three convolutions of a layer.</summary>
internal enum CudnnDirection
{
    /// <summary>y from x and w.</summary>
    Forward = 0,

    /// <summary>x̄ from w and ȳ.</summary>
    BackwardData = 1,

    /// <summary>w̄ from x and ȳ.</summary>
    BackwardFilter = 2,
}

/// <summary>The entry points of cuDNN that a convolution takes, and their constants (cudnn_ops.h,
/// cudnn_cnn.h).</summary>
internal sealed unsafe class CudnnCalls(SharedLibrary library)
{
    /// <summary>CUDNN_TENSOR_NHWC.</summary>
    public const int ChannelsLast = 1;

    /// <summary>CUDNN_DATA_FLOAT and CUDNN_DATA_BFLOAT16.</summary>
    public const int Float32 = 0, Bfloat16 = 9;

    /// <summary>CUDNN_CROSS_CORRELATION.</summary>
    public const int CrossCorrelation = 1;

    /// <summary>CUDNN_DEFAULT_MATH, with which float32 may be rounded to tf32; CUDNN_TENSOR_OP_MATH; CUDNN_FMA_MATH,
    /// exact float32.</summary>
    public const int DefaultMath = 0, TensorMath = 1, ExactMath = 3;

    /// <summary>(tensor, order, type, n, c, h, w)</summary>
    public readonly delegate* unmanaged<nint, int, int, int, int, int, int, int> SetTensor =
        (delegate* unmanaged<nint, int, int, int, int, int, int, int>)library.Export("cudnnSetTensor4dDescriptor");

    /// <summary>(filter, type, order, k, c, h, w)</summary>
    public readonly delegate* unmanaged<nint, int, int, int, int, int, int, int> SetFilter =
        (delegate* unmanaged<nint, int, int, int, int, int, int, int>)library.Export("cudnnSetFilter4dDescriptor");

    /// <summary>(convolution, padding by height and width, stride, dilation, mode, type of the sums)</summary>
    public readonly delegate* unmanaged<nint, int, int, int, int, int, int, int, int, int> SetConvolution =
        (delegate* unmanaged<nint, int, int, int, int, int, int, int, int, int>)
        library.Export("cudnnSetConvolution2dDescriptor");

    public readonly delegate* unmanaged<nint, int, int>
        SetMath = (delegate* unmanaged<nint, int, int>)library.Export("cudnnSetConvolutionMathType"),
        SetGroups = (delegate* unmanaged<nint, int, int>)library.Export("cudnnSetConvolutionGroupCount");

    /// <summary>(handle, α, tensor, A, β, tensor, C): C = β C + α A, of which extents of one are repeated.</summary>
    public readonly delegate* unmanaged<nint, void*, nint, nint, void*, nint, nint, int> AddTensor =
        (delegate* unmanaged<nint, void*, nint, nint, void*, nint, nint, int>)library.Export("cudnnAddTensor");

    public readonly nint
        CreateTensor = library.Export("cudnnCreateTensorDescriptor"),
        DestroyTensor = library.Export("cudnnDestroyTensorDescriptor"),
        CreateFilter = library.Export("cudnnCreateFilterDescriptor"),
        DestroyFilter = library.Export("cudnnDestroyFilterDescriptor"),
        CreateConvolution = library.Export("cudnnCreateConvolutionDescriptor"),
        DestroyConvolution = library.Export("cudnnDestroyConvolutionDescriptor");

    private readonly nint[]
        _run = [
            library.Export("cudnnConvolutionForward"), library.Export("cudnnConvolutionBackwardData"),
            library.Export("cudnnConvolutionBackwardFilter")],
        _find = [
            library.Export("cudnnFindConvolutionForwardAlgorithmEx"),
            library.Export("cudnnFindConvolutionBackwardDataAlgorithmEx"),
            library.Export("cudnnFindConvolutionBackwardFilterAlgorithmEx")];

    /// <summary>The call of a direction, which all have the same form: the two operands, then the result.</summary>
    /// <returns>(handle, α, descriptor, data, descriptor, data, convolution, algorithm, workspace, its bytes, β,
    /// descriptor, out)</returns>
    public delegate* unmanaged<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int> Run(
        CudnnDirection direction) =>
        (delegate* unmanaged<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)
        _run[(int)direction];

    /// <summary>Measures algorithms, the fastest first; the result is overwritten.</summary>
    /// <returns>(handle, descriptor, data, descriptor, data, convolution, descriptor, out, asked for, how many,
    /// results, workspace, its bytes)</returns>
    public delegate* unmanaged<
        nint, nint, nint, nint, nint, nint, nint, nint, int, int*, CudnnAlgorithm*, nint, nuint, int>
        Find(CudnnDirection direction) =>
        (delegate* unmanaged<nint, nint, nint, nint, nint, nint,
            nint, nint, int, int*, CudnnAlgorithm*, nint, nuint, int>)
        _find[(int)direction];
}

/// <summary>cudnnConvolution...AlgoPerf_t, which is the same for the three directions.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudnnAlgorithm
{
    public int Algorithm;
    public int Status;
    public float Milliseconds;
    public nuint WorkspaceBytes;
    public int Determinism;
    public int Math;
    public ReservedWords Reserved;

    [InlineArray(3)]
    internal struct ReservedWords
    {
        private int _first;
    }
}
