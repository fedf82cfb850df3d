namespace OpposingSignals.Devices;

/// <summary>
/// How a CUDA device multiplies in float32 matrix products and convolutions. Sums are float32 in all of them; what is
/// rounded are the operands. Everything else, and float64, is computed as it is.
/// </summary>
public enum ProductArithmetic
{
    /// <summary>Exact float32 operands, on the ordinary units.</summary>
    Float32 = 0,

    /// <summary>Operands of 11 significant bits on tensor cores; unit roundoff 2⁻¹¹ ≈ 4.9e-4.</summary>
    Tf32 = 1,

    /// <summary>
    /// Each operand as the sum of two tf32 numbers, three products on tensor cores (Ootomo and Yokota 2022, arXiv
    /// 2203.03341): a term is off by 3 · 2⁻²² at most, near float32.
    /// </summary>
    Tf32x3 = 2,

    /// <summary>Operands of 8 significant bits on tensor cores; unit roundoff 2⁻⁸ ≈ 3.9e-3.</summary>
    Bfloat16 = 3,
}

/// <summary>Names of <see cref="ProductArithmetic"/> values.</summary>
public static class ProductArithmeticExtensions
{
    private static readonly string[] Names = ["fp32", "tf32", "3xtf32", "bf16"];

    /// <summary>The name on the command line, which is also how its kernels end.</summary>
    public static string Name(this ProductArithmetic arithmetic) => Names[(int)arithmetic];

    /// <summary>The arithmetic called <paramref name="name"/>.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static ProductArithmetic Named(string name) => Array.IndexOf(Names, name) switch
    {
        < 0 => throw new InputException($"There is no arithmetic '{name}'. Known: {string.Join(", ", Names)}."),
        var value => (ProductArithmetic)value,
    };

    /// <summary>
    /// The largest relative error of one term of a product whose operands were rounded; 0 where they are exact.
    /// </summary>
    public static double TermError(this ProductArithmetic arithmetic) => arithmetic switch
    {
        ProductArithmetic.Tf32 => OfBoth(Math.ScaleB(1, -11)),

        // With a = A + a' and |a'| ≤ 2⁻¹¹ |a|: a' b' is left out, and a' and b' are rounded by 2⁻¹¹ again.
        ProductArithmetic.Tf32x3 => 3.01 * Math.ScaleB(1, -22),
        ProductArithmetic.Bfloat16 => OfBoth(Math.ScaleB(1, -8)),
        _ => 0,
    };

    // (1 + u)² - 1
    private static double OfBoth(double roundoff) => (2 + roundoff) * roundoff;
}
