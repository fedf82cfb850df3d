using System.Globalization;

namespace OpposingSignals.Runs.Report;

/// <summary>Numbers as a reader wants them, the same in every culture.</summary>
internal static class Numbers
{
    private const string Superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

    /// <summary>A number with so many significant digits; an en dash if it is not finite.</summary>
    public static string Format(double? value, int digits = 3)
    {
        if (value is not { } number || !double.IsFinite(number))
        {
            return "–";
        }

        double magnitude = Math.Abs(number);
        if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6))
        {
            return Scientific(number, digits);
        }

        if (number == Math.Truncate(number))
        {
            return Count((long)number);
        }

        int before = magnitude < 1 ? 1 : (int)Math.Floor(Math.Log10(magnitude)) + 1;
        int decimals = magnitude is < 1 and > 0
            ? digits - 1 - (int)Math.Floor(Math.Log10(magnitude))
            : Math.Max(0, digits - before);
        return Minus(
            number.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
    }

    /// <summary>A share between 0 and 1 in percent.</summary>
    public static string Percent(double? share) => share is not { } number || !double.IsFinite(number)
        ? "–"
        : Minus((100 * number).ToString(Math.Abs(number) < 0.0995 ? "0.0" : "0", CultureInfo.InvariantCulture))
            + "\u202F%";

    /// <summary>A whole number with thin spaces between thousands.</summary>
    public static string Count(long value) =>
        Minus(value.ToString("#,0", CultureInfo.InvariantCulture).Replace(',', '\u202F'));

    /// <summary>A coordinate in a drawing, to a tenth of a pixel.</summary>
    public static string Pixel(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A number for a script to read back.</summary>
    public static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Scientific(double number, int digits)
    {
        string[] parts = number.ToString(
            "0." + new string('#', digits - 1) + "e+0", CultureInfo.InvariantCulture).Split('e');
        int exponent = int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string power = string.Concat(
            Math.Abs(exponent).ToString(CultureInfo.InvariantCulture).Select(digit => Superscripts[digit - '0']));
        string mantissa = parts[0] is "1" or "-1" ? parts[0].Replace("1", "10") : parts[0] + "·10";
        return Minus(mantissa) + (exponent < 0 ? "⁻" : "") + power;
    }

    private static string Minus(string number) => number.Replace('-', '−');
}
