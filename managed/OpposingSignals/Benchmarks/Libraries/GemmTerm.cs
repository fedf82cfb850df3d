using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// One term of a product of row-major matrices as BLAS, whose matrices are column-major, computes it: Cᵀ = [+] op(B)ᵀ
/// op(A)ᵀ with Cᵀ [M, N] and depth K, since a row-major matrix read by columns is its transpose.
/// </summary>
/// <param name="Left">B.</param>
/// <param name="Right">A.</param>
/// <param name="M">Columns of C.</param>
/// <param name="N">Rows of C.</param>
/// <param name="K">Depth.</param>
/// <param name="Out">C.</param>
/// <param name="OutLeading">Distance between the rows of C.</param>
/// <param name="OutStride">Distance between the C of two vectors.</param>
/// <param name="Batch">Vectors.</param>
/// <param name="Precision">Of every element.</param>
/// <param name="Accumulate">Whether the product is added to C.</param>
internal readonly record struct GemmTerm(
    Products.NativeOperand Left, Products.NativeOperand Right, long M, long N, long K, nint Out, long OutLeading,
    long OutStride, long Batch, Precision Precision, bool Accumulate)
{
    /// <summary>CUBLAS_OP_N and CUBLAS_OP_T (cublas_api.h).</summary>
    public const int AsItIs = 0, Transposed = 1;

    /// <summary>The terms of a product in their order; vectors that share B are one taller product, as they are in
    /// our kernels.</summary>
    public static GemmTerm[] Of(in Products.ProductArguments product)
    {
        Products.ProductArguments p = ProductLaunchers.Stacked(product);
        var terms = new GemmTerm[p.Terms];
        for (int t = 0; t < p.Terms; t++)
        {
            terms[t] = new GemmTerm(
                p.B[t], p.A[t], p.Columns, p.Rows, p.Depth, p.C, p.CLeading, p.CVectorStride, p.Vectors, p.Precision,
                t > 0 || p.Accumulate != 0);
        }

        return terms;
    }

    /// <summary>op of an operand: column-major it is transposed already.</summary>
    public static int OperationOf(in Products.NativeOperand operand) => operand.Transposed != 0 ? Transposed : AsItIs;
}

/// <summary>The types of cuBLAS and cuBLASLt for a precision and an arithmetic.</summary>
/// <param name="Data">cudaDataType_t of every matrix and of α and β (library_types.h).</param>
/// <param name="Compute">cublasComputeType_t (cublas_api.h).</param>
internal readonly record struct GemmTypes(int Data, int Compute)
{
    // CUDA_R_32F and CUDA_R_64F.
    private const int Float32 = 0, Float64 = 1;

    // CUBLAS_COMPUTE_32F, _64F, _32F_FAST_16BF and _32F_FAST_TF32: operands stay float32 in memory and are rounded on
    // the way.
    private const int Compute32 = 68, Compute64 = 70, Compute32FastBfloat16 = 75, Compute32FastTf32 = 77;

    /// <summary>No library has 3×tf32: it stands beside exact float32, which it replaces.</summary>
    public static GemmTypes Of(Precision precision, ProductArithmetic arithmetic) => (precision, arithmetic) switch
    {
        (Precision.Float64, _) => new GemmTypes(Float64, Compute64),
        (_, ProductArithmetic.Tf32) => new GemmTypes(Float32, Compute32FastTf32),
        (_, ProductArithmetic.Bfloat16) => new GemmTypes(Float32, Compute32FastBfloat16),
        _ => new GemmTypes(Float32, Compute32),
    };
}

/// <summary>A number that a library reads as a float or a double, by its type of α and β.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct ScalingFactor
{
    [FieldOffset(0)]
    private float _narrow;

    [FieldOffset(0)]
    private double _wide;

    public static ScalingFactor Of(double value, Precision precision) =>
        precision == Precision.Float64
            ? new ScalingFactor { _wide = value }
            : new ScalingFactor { _narrow = (float)value };
}
