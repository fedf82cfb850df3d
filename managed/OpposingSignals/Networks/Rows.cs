using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>Copies, sums and multiples of strided rows; <see cref="Row"/> says where they lie.</summary>
internal static class Rows
{
    private static readonly Operation<Arguments> CopyOperation = new("rows_copy");
    private static readonly Operation<Arguments> SumOperation = new("rows_sum");
    private static readonly Operation<ScaleArguments> ScaleOperation = new("rows_scale");

    /// <summary>
    /// Row n of vector j starts <c>j · View.Stride + n · Stride + First</c> elements after the view's address.
    /// </summary>
    public readonly record struct Row(VectorView View, long Stride, long First = 0)
    {
        public nint Address(Precision precision) => View.Exists ? View.Address + (nint)(First * precision.Size()) : 0;
    }

    /// <summary>
    /// out_j[n, i] = [+] in_j[n, i]; an input that does not exist is zero, and a stride of zero repeats one row.
    /// </summary>
    public static void Copy(
        LayerPass pass, int vectors, long rows, long columns, Row from, Row to, bool accumulate = false) =>
        Run(CopyOperation, pass, vectors, rows, columns, from, to, accumulate);

    /// <summary>out_j[i] += Σ_n in_j[n, i].</summary>
    public static void AddSum(LayerPass pass, int vectors, long rows, long columns, Row from, VectorView to) =>
        Run(SumOperation, pass, vectors, rows, columns, from, new Row(to, 0), accumulate: true);

    /// <summary>values_j[n, i] *= factors[n].</summary>
    public static void Scale(LayerPass pass, int vectors, long rows, long columns, nint factors, VectorView values) =>
        pass.Device.Run(ScaleOperation, new ScaleArguments
        {
            Precision = pass.Precision,
            Vectors = vectors,
            Rows = rows,
            Columns = columns,
            Factors = factors,
            Values = values.Address,
            VectorStride = values.Stride,
        });

    private static void Run(
        Operation<Arguments> operation, LayerPass pass, int vectors, long rows, long columns, Row from, Row to,
        bool accumulate) =>
        pass.Device.Run(operation, new Arguments
        {
            Precision = pass.Precision,
            Accumulate = accumulate ? 1 : 0,
            Vectors = vectors,
            Rows = rows,
            Columns = columns,
            In = from.Address(pass.Precision),
            InRowStride = from.Stride,
            InVectorStride = from.View.Stride,
            Out = to.Address(pass.Precision),
            OutRowStride = to.Stride,
            OutVectorStride = to.View.Stride,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Vectors;
        public long Rows;
        public long Columns;
        public nint In;
        public long InRowStride;
        public long InVectorStride;
        public nint Out;
        public long OutRowStride;
        public long OutVectorStride;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ScaleArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Vectors;
        public long Rows;
        public long Columns;
        public nint Factors;
        public nint Values;
        public long VectorStride;
    }
}
