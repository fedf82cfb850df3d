using System.Runtime.InteropServices;

namespace OpposingSignals.Devices;

/// <summary>
/// A block [K, P] of K vectors of length P on a device: parameters, gradients, directions, eigenvectors.
/// </summary>
/// <remarks>A block owns its memory unless it is a <see cref="Rows"/> view of another.</remarks>
public sealed class VectorBlock : IDisposable
{
    private static readonly Operation<InnerProductsArguments> InnerProductsOperation = new("inner_products");
    private static readonly Operation<CombineArguments> CombineOperation = new("combine");

    private readonly DeviceBuffer _buffer;
    private readonly long _firstRow;
    private readonly bool _owns;

    /// <summary>Allocates a block; its content is undefined.</summary>
    /// <param name="device">Where the vectors live.</param>
    /// <param name="precision">Element type.</param>
    /// <param name="count">Vectors K, at least 0.</param>
    /// <param name="length">Elements P of each vector, at least 0.</param>
    public VectorBlock(Device device, Precision precision, int count, long length)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Precision = precision;
        Count = count;
        Length = length;
        _buffer = device.Allocate(checked(count * length * precision.Size()));
        _owns = true;
    }

    private VectorBlock(VectorBlock parent, int firstRow, int count)
    {
        Precision = parent.Precision;
        Count = count;
        Length = parent.Length;
        _buffer = parent._buffer;
        _firstRow = parent._firstRow + firstRow;
    }

    /// <summary>The device that holds the vectors.</summary>
    public Device Device => _buffer.Device;

    /// <summary>Element type.</summary>
    public Precision Precision { get; }

    /// <summary>Number of vectors K.</summary>
    public int Count { get; }

    /// <summary>Elements P of each vector.</summary>
    public long Length { get; }

    /// <summary>Address of the first vector; vector j starts <c>j * Length</c> elements further.</summary>
    internal nint Address => _buffer.Address + checked((nint)(_firstRow * Length * Precision.Size()));

    private long Bytes => Count * Length * Precision.Size();

    /// <summary>
    /// A view of <paramref name="count"/> vectors from <paramref name="first"/>; it shares this block's memory.
    /// </summary>
    public VectorBlock Rows(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Count);
        return new VectorBlock(this, first, count);
    }

    /// <summary>Sets every element to zero.</summary>
    public void Clear() => Device.Clear(Address, Bytes);

    /// <summary>Copies vectors of the same shape, precision and device into this block.</summary>
    public void CopyFrom(VectorBlock source)
    {
        RequireSame(source);
        if (source.Count != Count)
        {
            throw new ArgumentException($"{source.Count} vectors do not fit a block of {Count}.", nameof(source));
        }

        Device.Copy(source.Address, Address, Bytes);
    }

    /// <summary>Copies host values, rounded to the block's precision, into this block.</summary>
    public void CopyFrom(ReadOnlySpan<double> values)
    {
        RequireElements(values.Length);
        if (Precision == Precision.Float64)
        {
            Device.Upload(values, Address);
            return;
        }

        float[] rounded = new float[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values, rounded.AsSpan());
        Device.Upload<float>(rounded, Address);
    }

    /// <summary>Copies host values into this block.</summary>
    public void CopyFrom(ReadOnlySpan<float> values)
    {
        RequireElements(values.Length);
        if (Precision == Precision.Float32)
        {
            Device.Upload(values, Address);
            return;
        }

        double[] widened = new double[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values, widened.AsSpan());
        Device.Upload<double>(widened, Address);
    }

    /// <summary>Copies this block to the host.</summary>
    public void CopyTo(Span<double> values)
    {
        RequireElements(values.Length);
        if (Precision == Precision.Float64)
        {
            Device.Download(Address, values);
            return;
        }

        float[] narrow = new float[values.Length];
        Device.Download<float>(Address, narrow);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(narrow, values);
    }

    /// <summary>Copies this block to the host, rounded to binary32.</summary>
    public void CopyTo(Span<float> values)
    {
        RequireElements(values.Length);
        if (Precision == Precision.Float32)
        {
            Device.Download(Address, values);
            return;
        }

        double[] wide = new double[values.Length];
        Device.Download<double>(Address, wide);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<double, float>(wide, values);
    }

    /// <summary>This block on the host, row by row.</summary>
    public double[] ToArray()
    {
        double[] values = new double[checked((int)(Count * Length))];
        CopyTo(values);
        return values;
    }

    /// <summary>
    /// Inner products G[i, j] = ⟨this_i, other_j⟩, accumulated in float64 over a fixed tree, so that they do not depend
    /// on the number of threads.
    /// </summary>
    public double[,] InnerProducts(VectorBlock other)
    {
        using DeviceMatrix inner = InnerProductsOnDevice(other);
        return inner.ToHost();
    }

    /// <summary>Several <see cref="InnerProducts"/>, left with right, for which the host waits once.</summary>
    internal static double[][,] AllInnerProducts(params ReadOnlySpan<(VectorBlock Left, VectorBlock Right)> pairs)
    {
        int elements = 0;
        foreach ((VectorBlock left, VectorBlock right) in pairs)
        {
            elements += left.Count * right.Count;
        }

        using var all = new DeviceMatrix(pairs[0].Left.Device, 1, elements);
        int at = 0;
        foreach ((VectorBlock left, VectorBlock right) in pairs)
        {
            left.WriteInnerProducts(right, all.Element(at));
            at += left.Count * right.Count;
        }

        double[,] values = all.ToHost();
        double[][,] products = new double[pairs.Length][,];
        at = 0;
        for (int i = 0; i < pairs.Length; i++)
        {
            products[i] = new double[pairs[i].Left.Count, pairs[i].Right.Count];
            Buffer.BlockCopy(values, at * sizeof(double), products[i], 0, products[i].Length * sizeof(double));
            at += products[i].Length;
        }

        return products;
    }

    /// <summary>Euclidean norms of the vectors.</summary>
    public double[] Norms()
    {
        using var squares = new DeviceMatrix(Device, 1, Count);
        for (int i = 0; i < Count; i++)
        {
            Rows(i, 1).WriteInnerProducts(Rows(i, 1), squares.Element(i));
        }

        double[,] values = squares.ToHost();
        return [.. Enumerable.Range(0, Count).Select(i => Math.Sqrt(values[0, i]))];
    }

    /// <summary>
    /// this_j = scale · this_j + Σᵢ C[i, j] · input_i, summed in float64 and rounded once. A scale of zero overwrites.
    /// </summary>
    /// <param name="input">The vectors to combine; must not overlap this block.</param>
    /// <param name="coefficients">C, of shape [input.Count, Count].</param>
    /// <param name="scale">Factor of the present content.</param>
    public void Combine(VectorBlock input, double[,] coefficients, double scale = 0)
    {
        ArgumentNullException.ThrowIfNull(coefficients);
        using DeviceMatrix onDevice = DeviceMatrix.From(Device, coefficients);
        Combine(input, onDevice, 1, scale);
    }

    /// <summary>this_j += factor · input_j for blocks of one vector.</summary>
    public void Add(double factor, VectorBlock input) => Combine(input, new double[,] { { factor } }, 1);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_owns)
        {
            _buffer.Dispose();
        }
    }

    /// <exception cref="ArgumentException">The other vectors have another length, precision or device.</exception>
    internal void RequireSame(VectorBlock other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Device != Device || other.Precision != Precision || other.Length != Length)
        {
            throw new ArgumentException(
                $"Vectors of length {other.Length} ({other.Precision}, {other.Device.Name}) do not go with vectors of " +
                $"length {Length} ({Precision}, {Device.Name}).", nameof(other));
        }
    }

    /// <summary><see cref="InnerProducts"/> that stay on the device.</summary>
    internal DeviceMatrix InnerProductsOnDevice(VectorBlock other)
    {
        var inner = new DeviceMatrix(Device, Count, other.Count);
        WriteInnerProducts(other, inner.Address);
        return inner;
    }

    /// <summary><see cref="InnerProducts"/> to the device's memory.</summary>
    internal void WriteInnerProducts(VectorBlock other, nint inner)
    {
        RequireSame(other);
        if (Count * other.Count > 0)
        {
            Device.Run(InnerProductsOperation, new InnerProductsArguments
            {
                Precision = Precision,
                LeftCount = Count,
                RightCount = other.Count,
                Length = Length,
                Left = Address,
                LeftStride = Length,
                Right = other.Address,
                RightStride = Length,
                Inner = inner,
            });
        }
    }

    /// <summary>this_j = scale · this_j + factor · Σᵢ C[i, j] · input_i with C on the device.</summary>
    /// <param name="input">The vectors to combine; must not overlap this block.</param>
    /// <param name="coefficients">C, of shape [input.Count, Count].</param>
    /// <param name="factor">Factor of the coefficients.</param>
    /// <param name="scale">Factor of the present content.</param>
    /// <param name="inner">
    /// Takes the inner products [Count, Count] of what was written, which are then not read again.
    /// </param>
    internal void Combine(
        VectorBlock input, DeviceMatrix coefficients, double factor, double scale, DeviceMatrix? inner = null)
    {
        RequireSame(input);
        if (coefficients.Rows != input.Count || coefficients.Columns != Count)
        {
            throw new ArgumentException(
                $"Coefficients of shape [{coefficients.Rows}, {coefficients.Columns}] do not take {input.Count} vectors to {Count}.",
                nameof(coefficients));
        }

        Device.Run(CombineOperation, new CombineArguments
        {
            Precision = Precision,
            InputCount = input.Count,
            OutputCount = Count,
            Length = Length,
            Coefficients = coefficients.Address,
            Input = input.Address,
            InputStride = Length,
            Output = Address,
            OutputStride = Length,
            Factor = factor,
            Scale = scale,
            Inner = inner?.Address ?? 0,
        });
    }

    /// <summary>this_j −= Σᵢ ⟨basis_i, this_j⟩ basis_i: a projection, without waiting for the device.</summary>
    /// <param name="basis">Orthonormal vectors, possibly none.</param>
    /// <returns>The inner products [Count, Count] of what is left.</returns>
    internal DeviceMatrix SubtractProjection(VectorBlock basis)
    {
        if (basis.Count == 0)
        {
            return InnerProductsOnDevice(this);
        }

        var left = new DeviceMatrix(Device, Count, Count);
        using DeviceMatrix along = basis.InnerProductsOnDevice(this);
        Combine(basis, along, factor: -1, scale: 1, left);
        return left;
    }

    private void RequireElements(int elements)
    {
        if (elements != Count * Length)
        {
            throw new ArgumentException($"{elements} values do not fill a block of {Count} x {Length}.");
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct InnerProductsArguments
    {
        public Precision Precision;
        public int LeftCount;
        public int RightCount;
        public int Reserved;
        public long Length;
        public nint Left;
        public long LeftStride;
        public nint Right;
        public long RightStride;
        public nint Inner;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CombineArguments
    {
        public Precision Precision;
        public int InputCount;
        public int OutputCount;
        public int Reserved;
        public long Length;
        public nint Coefficients;
        public nint Input;
        public long InputStride;
        public nint Output;
        public long OutputStride;
        public double Factor;
        public double Scale;
        public nint Inner;
    }
}
