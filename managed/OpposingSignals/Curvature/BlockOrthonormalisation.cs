using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>Orthonormalises a block of directions against a basis and within itself, dropping dependent ones.</summary>
/// <remarks>
/// Block classical Gram-Schmidt, done twice ("twice is enough": Giraud, Langou, Rozložník and van den Eshof 2005), with
/// a block made orthonormal through the Cholesky factorisation of its Gram matrix (Stathopoulos and Wu 2002).
/// Everything stays on the device, for which the host does not wait.
/// </remarks>
internal static class BlockOrthonormalisation
{
    // Squared relative length outside the rest of the block: 1e-6 is above the rounding of float32 and of a float64
    // Gram matrix.
    private const double DependentSquare = 1e-12;

    // What loses half of its length again in the second pass was rounding (Parlett 1980, section 6-9, after Kahan).
    private const double RoundingSquare = 0.25;

    /// <summary>Writes an orthonormal basis of the candidates' part outside <paramref name="basis"/>.</summary>
    /// <param name="basis">Orthonormal vectors, possibly none.</param>
    /// <param name="candidates">Directions; overwritten.</param>
    /// <param name="destination">As many rows as candidates: the orthonormal vectors, then zeros.</param>
    /// <param name="kept">Address of a float64 on the device: takes the number of orthonormal vectors. A direction is
    /// dropped where less than √u of its length is outside the basis, since half of its digits and more would then be
    /// rounding, or where it is not finite; all of them are where another one is not.</param>
    public static void Run(VectorBlock basis, VectorBlock candidates, VectorBlock destination, nint kept)
    {
        using DeviceMatrix asGiven = candidates.InnerProductsOnDevice(candidates);
        Pass(basis, candidates, destination, asGiven, candidates.Precision.UnitRoundoff(), DependentSquare, kept);
        Pass(basis, destination, candidates, before: null, RoundingSquare, RoundingSquare, kept);

        // A combination cannot overwrite its input.
        destination.CopyFrom(candidates);
    }

    private static void Pass(
        VectorBlock basis, VectorBlock from, VectorBlock to, DeviceMatrix? before, double smallestShare,
        double smallestPivot, nint kept)
    {
        using DeviceMatrix left = from.SubtractProjection(basis);
        using DeviceMatrix coefficients = left.Whitening(before, smallestShare, smallestPivot, kept);
        to.Combine(from, coefficients, factor: 1, scale: 0);
    }
}
