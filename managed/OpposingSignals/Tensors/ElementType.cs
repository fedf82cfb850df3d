namespace OpposingSignals.Tensors;

/// <summary>Element types of host tensors and safetensors files.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary32 (<c>F32</c>).</summary>
    Float32,

    /// <summary>IEEE 754 binary64 (<c>F64</c>).</summary>
    Float64,

    /// <summary>Signed 64-bit integer (<c>I64</c>).</summary>
    Int64,

    /// <summary>Signed 32-bit integer (<c>I32</c>).</summary>
    Int32,

    /// <summary>Unsigned byte (<c>U8</c>).</summary>
    UInt8,
}

/// <summary>Sizes of <see cref="ElementType"/> values.</summary>
public static class ElementTypeExtensions
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float64 or ElementType.Int64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        _ => 1,
    };
}
