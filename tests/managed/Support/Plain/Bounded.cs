namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// A number as exact arithmetic gives it, evaluated in float64, with a bound on how far a float32 evaluation may be
/// from it. Running error analysis, Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.3:
/// every operation adds what its operands' errors become and what its own rounding costs. The bounds are full ones, not
/// first-order ones: products of errors are kept.
/// </summary>
/// <param name="Value">The number.</param>
/// <param name="Error">Bound on |float32 − Value|; zero where float32 holds the number exactly.</param>
public readonly record struct Bounded(double Value, double Error)
{
    /// <summary>
    /// Relative error of one rounding to float32, 2⁻²⁴, with that of the float64 operation which stands for exact
    /// arithmetic here, 2⁻⁵³.
    /// </summary>
    public const double Roundoff = 5.9604644775390625e-8 + 1.1102230246251565e-16;

    /// <summary>
    /// Absolute error of one rounding where the result underflows: half the smallest subnormal number, 2⁻¹⁵⁰.
    /// </summary>
    public const double Underflow = 7.006492321624085e-46;

    // libmvec promises at most 4 units in the last place; a unit is at most 2 · 2⁻²⁴ of the number.
    private const int ElementaryRoundings = 8;

    public static Bounded Zero => default;

    /// <summary>The largest magnitude that float32 may hold in place of the number.</summary>
    public double Magnitude => Math.Abs(Value) + Error;

    /// <summary>Whether the number is zero in every evaluation; products with it and sums with it are exact.</summary>
    public bool IsZero => Value == 0 && Error == 0;

    /// <summary>A number that float32 holds exactly.</summary>
    public static implicit operator Bounded(double exact) => new(exact, 0);

    /// <summary>A constant that float32 holds after one rounding.</summary>
    public static Bounded Constant(double value) => Rounded(value, 0, 1);

    public static Bounded operator -(Bounded a) => new(-a.Value, a.Error);

    public static Bounded operator +(Bounded a, Bounded b) => Rounded(a.Value + b.Value, a.Error + b.Error, 1);

    public static Bounded operator -(Bounded a, Bounded b) => a + -b;

    public static Bounded operator *(Bounded a, Bounded b) => a.IsZero || b.IsZero
        ? Zero
        : Rounded(a.Value * b.Value, ProductError(a, b), 1);

    public static Bounded operator /(Bounded a, Bounded b)
    {
        double smallest = Math.Abs(b.Value) - b.Error;
        if (smallest <= 0)
        {
            throw new UndecidedException($"a division by {b}");
        }

        // a'/b' − a/b = ((a' − a) b − a (b' − b)) / (b b').
        double error = ((a.Error * Math.Abs(b.Value)) + (Math.Abs(a.Value) * b.Error)) / (Math.Abs(b.Value) * smallest);
        return Rounded(a.Value / b.Value, error, 1);
    }

    public static Bounded Exp(Bounded x) => Increasing(x, Math.Exp);

    public static Bounded Log(Bounded x) => x.Value - x.Error > 0
        ? Increasing(x, Math.Log)
        : throw new UndecidedException($"a logarithm of {x}");

    public static Bounded Sqrt(Bounded x) => x.Value - x.Error > 0
        ? Increasing(x, Math.Sqrt)
        : throw new UndecidedException($"a square root of {x}");

    public static Bounded LogOnePlus(Bounded x) => Increasing(x, LogOnePlus);

    public static Bounded ExpMinusOne(Bounded x) => Increasing(x, ExpMinusOne);

    public static Bounded Tanh(Bounded x) => Increasing(x, Math.Tanh);

    public static Bounded Erf(Bounded x) => Increasing(x, MathNet.Numerics.SpecialFunctions.Erf);

    /// <summary>|a b − a' b'| for every a' and b' within their bounds.</summary>
    public static double ProductError(Bounded a, Bounded b) =>
        (Math.Abs(a.Value) * b.Error) + (a.Error * Math.Abs(b.Value)) + (a.Error * b.Error);

    /// <summary>This number after further roundings: of a formula that is arranged in another way than here.</summary>
    public Bounded After(int roundings) => Rounded(Value, Error, roundings);

    /// <summary>
    /// Whether x &gt; threshold in exact arithmetic, where every float32 evaluation decides the same.
    /// </summary>
    /// <exception cref="UndecidedException">The number is too close to the threshold.</exception>
    public bool Exceeds(double threshold) =>
        Math.Abs(Value - threshold) > Error || (Error == 0 && Value == threshold)
            ? Value > threshold
            : throw new UndecidedException($"{this} at the kink {threshold}");

    public override string ToString() => $"{Value:R} ± {Error:E1}";

    // γ = m u / (1 − m u) bounds the relative error of m roundings (Higham, lemma 3.1).
    private static Bounded Rounded(double value, double error, int roundings)
    {
        double gamma = roundings * Roundoff / (1 - (roundings * Roundoff));
        return new Bounded(value, error + (gamma * (Math.Abs(value) + error)) + (roundings * Underflow));
    }

    // The image of an interval under an increasing function is the interval of the ends' images.
    private static Bounded Increasing(Bounded x, Func<double, double> f)
    {
        double value = f(x.Value);
        double error = x.Error == 0
            ? 0
            : Math.Max(f(x.Value + x.Error) - value, value - f(x.Value - x.Error));
        return Rounded(value, error, ElementaryRoundings);
    }

    // Kahan's corrections: the rounding of 1 + x is divided out again (Higham, section 1.14.1).
    private static double LogOnePlus(double x)
    {
        double sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }

    private static double ExpMinusOne(double x)
    {
        double exponential = Math.Exp(x);
        return exponential == 1 ? x
            : exponential - 1 == -1 ? -1
            : (exponential - 1) * (x / Math.Log(exponential));
    }
}
