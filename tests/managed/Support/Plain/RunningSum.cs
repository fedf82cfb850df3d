namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// A sum of products whose bound holds for every order of summation: with n terms each passes through at most n − 1
/// additions, in any tree, and one multiplication, so its relative error is at most γₙ (Higham, section 3.1). Terms
/// that are exactly zero are added without error and do not count.
/// </summary>
public struct RunningSum
{
    private double _value;
    private double _error;
    private double _magnitude;
    private int _terms;

    /// <summary>Adds a b.</summary>
    public void Add(Bounded a, Bounded b)
    {
        if (a.IsZero || b.IsZero)
        {
            return;
        }

        _value += a.Value * b.Value;
        _error += Bounded.ProductError(a, b);
        _magnitude += a.Magnitude * b.Magnitude;
        _terms++;
    }

    /// <summary>Adds a.</summary>
    public void Add(Bounded a) => Add(a, 1);

    /// <summary>The sum as float32 may have it.</summary>
    public readonly Bounded Total
    {
        get
        {
            double gamma = _terms * Bounded.Roundoff / (1 - (_terms * Bounded.Roundoff));
            return new Bounded(_value, _error + (gamma * _magnitude) + (_terms * Bounded.Underflow));
        }
    }

    /// <summary>Σ a_i b_i.</summary>
    public static Bounded Dot(ReadOnlySpan<Bounded> a, ReadOnlySpan<Bounded> b)
    {
        var sum = default(RunningSum);
        for (int i = 0; i < a.Length; i++)
        {
            sum.Add(a[i], b[i]);
        }

        return sum.Total;
    }

    /// <summary>The totals of many sums.</summary>
    public static Bounded[] Totals(RunningSum[] sums) => Array.ConvertAll(sums, sum => sum.Total);
}
