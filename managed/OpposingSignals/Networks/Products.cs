using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>One operand of a product: a row-major matrix per vector, or one shared by all.</summary>
internal readonly record struct Operand(VectorView Matrix, long Leading, bool Transposed = false);

/// <summary>
/// C_j = [+] Σ_t op(A_tj) op(B_tj) + bias_j for K vectors: the two halves of a layer's tangent are one product.
/// </summary>
internal static class Products
{
    private static readonly Operation<ProductArguments> ProductOperation = new("product");
    private static readonly Operation<ColumnSumsArguments> ColumnSumsOperation = new("column_sums");

    /// <summary>
    /// Terms with an operand that does not exist are zero and are left out. One or two must remain: with none a device
    /// refuses the product, so that a layer which has nothing to add leaves it out.
    /// </summary>
    public static void Run(
        LayerPass pass, int vectors, long rows, long columns, long depth, ReadOnlySpan<(Operand A, Operand B)> terms,
        VectorView c, bool accumulate, VectorView bias = default, Activation.Arguments then = default)
    {
        var arguments = new ProductArguments
        {
            Precision = pass.Precision,
            Accumulate = accumulate ? 1 : 0,
            Vectors = vectors,
            Rows = rows,
            Columns = columns,
            Depth = depth,
            C = c.Address,
            CLeading = columns,
            CVectorStride = c.Stride,
            Bias = bias.Address,
            BiasVectorStride = bias.Stride,
            Then = then,
        };
        foreach ((Operand a, Operand b) in terms)
        {
            if (a.Matrix.Exists && b.Matrix.Exists)
            {
                arguments.A[arguments.Terms] = new NativeOperand(a);
                arguments.B[arguments.Terms] = new NativeOperand(b);
                arguments.Terms++;
            }
        }

        pass.Device.Run(ProductOperation, arguments);
    }

    /// <summary>out_j[c] += Σ_r in_j[r, c].</summary>
    public static void AddColumnSums(
        LayerPass pass, int vectors, long rows, long columns, VectorView from, VectorView to) =>
        pass.Device.Run(ColumnSumsOperation, new ColumnSumsArguments
        {
            Precision = pass.Precision,
            Vectors = vectors,
            Rows = rows,
            Columns = columns,
            In = from.Address,
            InVectorStride = from.Stride,
            Out = to.Address,
            OutVectorStride = to.Stride,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeOperand(Operand operand)
    {
        public nint Data = operand.Matrix.Address;
        public long Leading = operand.Leading;
        public long VectorStride = operand.Matrix.Stride;
        public int Transposed = operand.Transposed ? 1 : 0;
        public int Reserved;
    }

    [System.Runtime.CompilerServices.InlineArray(2)]
    internal struct TwoOperands
    {
        private NativeOperand _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ProductArguments
    {
        public Precision Precision;
        public int Terms;
        public int Accumulate;
        public int Reserved;
        public long Vectors;
        public long Rows;
        public long Columns;
        public long Depth;
        public TwoOperands A;
        public TwoOperands B;
        public nint C;
        public long CLeading;
        public long CVectorStride;
        public nint Bias;
        public long BiasVectorStride;
        public Activation.Arguments Then;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ColumnSumsArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Vectors;
        public long Rows;
        public long Columns;
        public nint In;
        public long InVectorStride;
        public nint Out;
        public long OutVectorStride;
    }
}
