using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// The step that <see cref="Adam"/> and <see cref="RmsProp"/> have in common; see native/include/opsig/optimizer.h.
/// </summary>
internal static class AdaptiveStep
{
    public const string First = "first_moment";
    public const string Second = "second_moment";

    private static readonly Operation<Arguments> Operation = new("adaptive_step");

    /// <summary>Runs it on vectors and numbers that lack precision, length and addresses.</summary>
    public static void Run(
        Arguments numbers, VectorBlock parameters, VectorBlock gradient, VectorBlock? first, VectorBlock second,
        VectorBlock? previous) =>
        parameters.Device.Run(Operation, numbers with
        {
            Precision = parameters.Precision,
            Length = parameters.Length,
            Parameters = parameters.Address,
            Gradient = gradient.Address,
            First = first?.Address ?? 0,
            Second = second.Address,
            Previous = previous?.Address ?? 0,
        });

    /// <summary>The number added to the root, which keeps a gradient of 0 from giving 0/0.</summary>
    public static double Epsilon(double value) => value > 0 && double.IsFinite(value)
        ? value
        : throw new InputException(
            FormattableString.Invariant($"The ε of an optimiser must be a positive number, got {value}."));

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public long Length;
        public double StepSize;
        public double FirstDecay;
        public double SecondDecay;
        public double FirstCorrection;
        public double SecondCorrection;
        public double Epsilon;
        public nint Parameters;
        public nint Gradient;
        public nint First;
        public nint Second;
        public nint Previous;
    }
}
