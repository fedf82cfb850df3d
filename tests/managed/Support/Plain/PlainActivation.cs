using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>φ, φ' and φ'' of the activations, from their definitions.</summary>
public static class PlainActivation
{
    // Derivatives are sums of products that may be arranged in several ways of equal stability, for example s + x s (1
    // − s) as s (1 + x (1 − s)): four more roundings of the result cover the difference.
    private const int Rearrangement = 4;

    private static readonly Bounded InverseRootOfTwo = Bounded.Constant(1 / Math.Sqrt(2));
    private static readonly Bounded InverseRootOfTwoPi = Bounded.Constant(1 / Math.Sqrt(2 * Math.PI));
    private static readonly Bounded RootOfTwoOverPi = Bounded.Constant(Math.Sqrt(2 / Math.PI));
    private static readonly Bounded Cubic = Bounded.Constant(0.044715);

    public static Bounded Value(ActivationKind kind, double parameter, Bounded x) => kind switch
    {
        ActivationKind.Relu => x.Exceeds(0) ? x : 0,
        ActivationKind.LeakyRelu => x.Exceeds(0) ? x : Bounded.Constant(parameter) * x,
        ActivationKind.Hardtanh => !x.Exceeds(-1) ? -1 : x.Exceeds(1) ? 1 : x,
        ActivationKind.Elu => x.Exceeds(0) ? x : Bounded.Constant(parameter) * Bounded.ExpMinusOne(x),
        ActivationKind.Tanh => Bounded.Tanh(x),
        ActivationKind.Sigmoid => Logistic(x),
        ActivationKind.Softplus => (x.Value > 0 ? x : 0) + Bounded.LogOnePlus(Bounded.Exp(x.Value > 0 ? -x : x)),
        ActivationKind.Silu => x * Logistic(x),
        ActivationKind.Gelu => x * Normal(x),
        ActivationKind.GeluTanh => 0.5 * x * (1 + Bounded.Tanh(CubicArgument(x))),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static Bounded First(ActivationKind kind, double parameter, Bounded x)
    {
        switch (kind)
        {
            case ActivationKind.Relu:
                return x.Exceeds(0) ? 1 : 0;
            case ActivationKind.LeakyRelu:
                return x.Exceeds(0) ? 1 : Bounded.Constant(parameter);
            case ActivationKind.Hardtanh:
                return x.Exceeds(-1) && !x.Exceeds(1) ? 1 : 0;
            case ActivationKind.Elu:
                // α eˣ, from the output: α (eˣ − 1) + α.
                return x.Exceeds(0) ? 1 : Value(kind, parameter, x) + Bounded.Constant(parameter);
            case ActivationKind.Tanh:
                Bounded y = Bounded.Tanh(x);
                return ((1 - y) * (1 + y)).After(Rearrangement);
            case ActivationKind.Sigmoid:
                return LogisticSlope(x).After(Rearrangement);
            case ActivationKind.Softplus:
                return Logistic(x);
            case ActivationKind.Silu:
                return (Logistic(x) + (x * LogisticSlope(x))).After(Rearrangement);
            case ActivationKind.Gelu:
                return (Normal(x) + (x * Density(x))).After(Rearrangement);
            case ActivationKind.GeluTanh:
                Bounded t = Bounded.Tanh(CubicArgument(x));
                return ((0.5 * (1 + t)) + (0.5 * x * (1 - (t * t)) * CubicSlope(x))).After(Rearrangement);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    public static Bounded Second(ActivationKind kind, double parameter, Bounded x)
    {
        switch (kind)
        {
            case ActivationKind.Relu or ActivationKind.LeakyRelu or ActivationKind.Hardtanh:
                return 0;
            case ActivationKind.Elu:
                return x.Exceeds(0) ? 0 : First(kind, parameter, x);
            case ActivationKind.Tanh:
                return (-2 * Bounded.Tanh(x) * First(kind, parameter, x)).After(Rearrangement);
            case ActivationKind.Sigmoid:
                return LogisticBend(x).After(Rearrangement);
            case ActivationKind.Softplus:
                return LogisticSlope(x).After(Rearrangement);
            case ActivationKind.Silu:
                // (x s)'' = 2 s' + x s''.
                return ((2 * LogisticSlope(x)) + (x * LogisticBend(x))).After(Rearrangement);
            case ActivationKind.Gelu:
                return ((2 - (x * x)) * Density(x)).After(Rearrangement);
            case ActivationKind.GeluTanh:
                // (x/2 (1 + t))'' = t' + x/2 t'' with t' = (1 − t²) u' and t'' = (1 − t²)(u'' − 2 t u'²).
                Bounded t = Bounded.Tanh(CubicArgument(x)), slope = CubicSlope(x);
                Bounded bend = 6 * RootOfTwoOverPi * Cubic * x;
                Bounded rest = 1 - (t * t);
                return ((rest * slope) + (0.5 * x * rest * (bend - (2 * t * slope * slope)))).After(Rearrangement);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static Bounded Logistic(Bounded x) => 1 / (1 + Bounded.Exp(-x));

    private static Bounded LogisticSlope(Bounded x)
    {
        Bounded s = Logistic(x);
        return s * (1 - s);
    }

    private static Bounded LogisticBend(Bounded x) => LogisticSlope(x) * (1 - (2 * Logistic(x)));

    private static Bounded Normal(Bounded x) => 0.5 * (1 + Bounded.Erf(x * InverseRootOfTwo));

    private static Bounded Density(Bounded x) => InverseRootOfTwoPi * Bounded.Exp(-0.5 * x * x);

    private static Bounded CubicArgument(Bounded x) => RootOfTwoOverPi * (x + (Cubic * x * x * x));

    private static Bounded CubicSlope(Bounded x) => RootOfTwoOverPi * (1 + (3 * Cubic * x * x));
}
