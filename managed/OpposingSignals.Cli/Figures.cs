using System.Globalization;

namespace OpposingSignals.Cli;

/// <summary>Numbers in sentences on the terminal, the same in every culture.</summary>
internal static class Figures
{
    /// <summary>A curvature with four digits; preconditioned ones go into the millions, without an exponent.</summary>
    public static string Curvature(double value) =>
        value.ToString(Math.Abs(value) is >= 1e4 and < 1e8 ? "F0" : "G4", CultureInfo.InvariantCulture);
}
