using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// A matrix X [rows, columns] that many products share, packed once in both orders that they want. The inputs of a data
/// set never change, so the first layer's products, often the largest of a network, skip the packing every time.
/// </summary>
internal sealed class PackedMatrix : IDisposable
{
    private static readonly Operation<SizeArguments> SizeOperation = new("packed_size");
    private static readonly Operation<PackArguments> PackOperation = new("pack");
    private static readonly Operation<ForwardArguments> ForwardOperation = new("packed_forward");
    private static readonly Operation<GradientArguments> GradientOperation = new("packed_gradient");

    private readonly DeviceBuffer _byRows;
    private readonly DeviceBuffer _byColumns;
    private readonly long _rows;
    private readonly long _columns;
    private readonly long _outputs;

    /// <summary>
    /// Packs the matrix at <paramref name="matrix"/> for products with <paramref name="outputs"/> on the other side.
    /// </summary>
    public PackedMatrix(Device device, Precision precision, nint matrix, long rows, long columns, long outputs)
    {
        (_rows, _columns, _outputs) = (rows, columns, outputs);
        (long byRows, long byColumns) = Sizes(device, precision, rows, columns, outputs);
        _byRows = device.Allocate(byRows);
        _byColumns = device.Allocate(byColumns);
        device.Run(PackOperation, new PackArguments
        {
            Precision = precision,
            Rows = rows,
            Columns = columns,
            Outputs = outputs,
            Matrix = matrix,
            ByRows = _byRows.Address,
            ByColumns = _byColumns.Address,
        });
    }

    /// <summary>Bytes that packing takes; zero where the device does not offer it for this precision.</summary>
    public static long Bytes(Device device, Precision precision, long rows, long columns, long outputs)
    {
        (long byRows, long byColumns) = Sizes(device, precision, rows, columns, outputs);
        return byRows + byColumns;
    }

    /// <summary>Y_j = [+] X W_jᵀ + bias_j.</summary>
    public void Forward(
        LayerPass pass, int vectors, VectorView weights, VectorView bias, VectorView y, bool accumulate) =>
        pass.Device.Run(ForwardOperation, new ForwardArguments
        {
            Precision = pass.Precision,
            Accumulate = accumulate ? 1 : 0,
            Vectors = vectors,
            Rows = _rows,
            Columns = _columns,
            Outputs = _outputs,
            Packed = _byRows.Address,
            Weights = weights.Address,
            WeightsVectorStride = weights.Stride,
            Bias = bias.Address,
            BiasVectorStride = bias.Stride,
            Y = y.Address,
            YVectorStride = y.Stride,
        });

    /// <summary>G_j += D_jᵀ X.</summary>
    public void AddGradient(LayerPass pass, int vectors, VectorView cotangent, VectorView gradient) =>
        pass.Device.Run(GradientOperation, new GradientArguments
        {
            Precision = pass.Precision,
            Vectors = vectors,
            Rows = _rows,
            Columns = _columns,
            Outputs = _outputs,
            Packed = _byColumns.Address,
            Cotangent = cotangent.Address,
            CotangentVectorStride = cotangent.Stride,
            Gradient = gradient.Address,
            GradientVectorStride = gradient.Stride,
        });

    public void Dispose()
    {
        _byRows.Dispose();
        _byColumns.Dispose();
    }

    private static unsafe (long ByRows, long ByColumns) Sizes(
        Device device, Precision precision, long rows, long columns, long outputs)
    {
        long byRows = 0, byColumns = 0;
        device.Run(SizeOperation, new SizeArguments
        {
            Precision = precision,
            Rows = rows,
            Columns = columns,
            Outputs = outputs,
            ByRowsBytes = &byRows,
            ByColumnsBytes = &byColumns,
        });
        return (byRows, byColumns);
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct SizeArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Rows;
        public long Columns;
        public long Outputs;
        public long* ByRowsBytes;
        public long* ByColumnsBytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PackArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Rows;
        public long Columns;
        public long Outputs;
        public nint Matrix;
        public nint ByRows;
        public nint ByColumns;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ForwardArguments
    {
        public Precision Precision;
        public int Accumulate;
        public long Vectors;
        public long Rows;
        public long Columns;
        public long Outputs;
        public nint Packed;
        public nint Weights;
        public long WeightsVectorStride;
        public nint Bias;
        public long BiasVectorStride;
        public nint Y;
        public long YVectorStride;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct GradientArguments
    {
        public Precision Precision;
        public int Reserved;
        public long Vectors;
        public long Rows;
        public long Columns;
        public long Outputs;
        public nint Packed;
        public nint Cotangent;
        public long CotangentVectorStride;
        public nint Gradient;
        public long GradientVectorStride;
    }
}
