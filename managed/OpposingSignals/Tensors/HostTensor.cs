using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace OpposingSignals.Tensors;

/// <summary>A dense row-major tensor in host memory, of an element type known at run time.</summary>
public sealed class HostTensor
{
    private readonly byte[] _bytes;

    /// <summary>Allocates a tensor of zeros.</summary>
    /// <exception cref="OverflowException">The shape asks for more than an array can hold.</exception>
    public HostTensor(ElementType type, params ReadOnlySpan<int> shape)
    {
        long elements = 1;
        foreach (int extent in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(shape));
            elements = checked(elements * extent);
        }

        Type = type;
        Shape = [.. shape];
        Count = checked((int)elements);
        _bytes = new byte[checked(Count * type.Size())];
    }

    /// <summary>Element type.</summary>
    public ElementType Type { get; }

    /// <summary>Extents, outermost first; empty for a scalar.</summary>
    public ImmutableArray<int> Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>The raw little-endian content.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>A tensor with a copy of <paramref name="values"/>.</summary>
    /// <exception cref="ArgumentException">The shape does not hold that many values.</exception>
    public static HostTensor From<T>(ReadOnlySpan<T> values, params ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        var tensor = new HostTensor(TypeOf<T>(), shape);
        if (tensor.Count != values.Length)
        {
            throw new ArgumentException(
                $"{values.Length} values do not fill the shape [{string.Join(", ", shape.ToArray())}].");
        }

        values.CopyTo(tensor.AsSpan<T>());
        return tensor;
    }

    /// <summary>The elements, without a copy.</summary>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not the element type.</exception>
    public Span<T> AsSpan<T>()
        where T : unmanaged =>
        TypeOf<T>() == Type
            ? MemoryMarshal.Cast<byte, T>(_bytes.AsSpan())
            : throw new InvalidOperationException($"The tensor holds {Type}, not {TypeOf<T>()}.");

    /// <summary>The elements as float64, whatever the element type.</summary>
    public double[] ToDoubles()
    {
        double[] values = new double[Count];
        switch (Type)
        {
            case ElementType.Float64:
                AsSpan<double>().CopyTo(values);
                break;
            case ElementType.Float32:
                Convert(AsSpan<float>(), values);
                break;
            case ElementType.Int64:
                Convert(AsSpan<long>(), values);
                break;
            case ElementType.Int32:
                Convert(AsSpan<int>(), values);
                break;
            default:
                Convert(AsSpan<byte>(), values);
                break;
        }

        return values;
    }

    private static void Convert<T>(ReadOnlySpan<T> from, Span<double> to)
        where T : unmanaged, System.Numerics.INumberBase<T> =>
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(from, to);

    private static ElementType TypeOf<T>() =>
        typeof(T) == typeof(float) ? ElementType.Float32
        : typeof(T) == typeof(double) ? ElementType.Float64
        : typeof(T) == typeof(long) ? ElementType.Int64
        : typeof(T) == typeof(int) ? ElementType.Int32
        : typeof(T) == typeof(byte) ? ElementType.UInt8
        : throw new NotSupportedException($"No tensors of {typeof(T).Name}.");
}
