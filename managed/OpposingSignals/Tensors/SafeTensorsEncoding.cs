namespace OpposingSignals.Tensors;

/// <summary>An element type of the safetensors format and the host type that it is read as.</summary>
/// <param name="Code">The name in the header.</param>
/// <param name="StoredSize">Bytes of one element in the file.</param>
/// <param name="Type">
/// Host type; <c>F16</c> and <c>BF16</c> are widened to Float32, which holds each of their values.
/// </param>
internal sealed record SafeTensorsEncoding(string Code, int StoredSize, ElementType Type)
{
    /// <summary>IEEE 754 binary16.</summary>
    public static SafeTensorsEncoding Float16 { get; } = new("F16", 2, ElementType.Float32);

    /// <summary>The upper half of an IEEE 754 binary32.</summary>
    public static SafeTensorsEncoding BFloat16 { get; } = new("BF16", 2, ElementType.Float32);

    /// <summary>Every type that can be read.</summary>
    public static IReadOnlyList<SafeTensorsEncoding> All { get; } =
    [
        new("F32", 4, ElementType.Float32),
        new("F64", 8, ElementType.Float64),
        new("I64", 8, ElementType.Int64),
        new("I32", 4, ElementType.Int32),
        new("U8", 1, ElementType.UInt8),
        Float16,
        BFloat16,
    ];

    /// <summary>The type with a code of the format, or null.</summary>
    public static SafeTensorsEncoding? Find(string code) => All.FirstOrDefault(e => e.Code == code);

    /// <summary>The type that host elements are written as.</summary>
    public static SafeTensorsEncoding For(ElementType type) => All.First(e => e.Type == type);
}
