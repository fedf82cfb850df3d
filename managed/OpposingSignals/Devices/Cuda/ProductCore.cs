namespace OpposingSignals.Devices.Cuda;

/// <summary>What multiplies the tiles of a product.</summary>
/// <param name="Precision">Precision of the operands.</param>
/// <param name="Arithmetic">How they are multiplied.</param>
/// <param name="HasWarpgroups">
/// Whether Hopper's tensor cores may multiply them: compute capability 9.0, and operands in <see cref="WholeWords"/>.
/// </param>
internal readonly record struct ProductCore(Precision Precision, ProductArithmetic Arithmetic, bool HasWarpgroups)
{
    /// <summary>What the names of the modules that run on Hopper alone end with.</summary>
    public const string WarpgroupModule = "_warpgroup";

    private const int WordBytes = 16;
    private const int NumbersOfWord = WordBytes / sizeof(float);

    /// <summary>
    /// Whether float32 numbers can be read 16 bytes at a time: of an array that begins at <paramref name="address"/>,
    /// with rows and vectors so many numbers apart, of which runs of <paramref name="run"/> are contiguous. As
    /// <c>wide</c> in <c>tile_product.cuh</c>.
    /// </summary>
    public static bool WholeWords(nint address, long rowStride, long vectorStride, long run) =>
        address % WordBytes == 0 && rowStride % NumbersOfWord == 0 && vectorStride % NumbersOfWord == 0
        && run % NumbersOfWord == 0;
}
