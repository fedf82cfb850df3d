namespace OpposingSignals.Devices;

/// <summary>The floating-point type in which a device computes. The values are those of the native ABI.</summary>
public enum Precision
{
    /// <summary>IEEE 754 binary32; unit roundoff 2⁻²⁴ ≈ 6.0e-8. The working precision.</summary>
    Float32 = 0,

    /// <summary>IEEE 754 binary64; unit roundoff 2⁻⁵³ ≈ 1.1e-16. For tests and small theory runs.</summary>
    Float64 = 1,
}

/// <summary>Sizes and names of <see cref="Precision"/> values.</summary>
public static class PrecisionExtensions
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this Precision precision) => precision == Precision.Float64 ? sizeof(double) : sizeof(float);

    /// <summary>Unit roundoff u: the largest relative error of one rounding.</summary>
    public static double UnitRoundoff(this Precision precision) =>
        precision == Precision.Float64 ? 1.1102230246251565e-16 : 5.9604644775390625e-8;
}
