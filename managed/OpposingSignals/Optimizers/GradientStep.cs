using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// θ ← θ − η ∇L(θ), or − η sign ∇L(θ): the step of <see cref="GradientDescent"/> and <see cref="SignDescent"/>.
/// </summary>
internal static class GradientStep
{
    private static readonly Operation<Arguments> Operation = new("gradient_step");

    public static void Run(
        double stepSize, bool isSign, VectorBlock parameters, VectorBlock gradient, VectorBlock? previous) =>
        parameters.Device.Run(Operation, new Arguments
        {
            Precision = parameters.Precision,
            Sign = isSign ? 1 : 0,
            Length = parameters.Length,
            StepSize = stepSize,
            Parameters = parameters.Address,
            Gradient = gradient.Address,
            Previous = previous?.Address ?? 0,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Sign;
        public long Length;
        public double StepSize;
        public nint Parameters;
        public nint Gradient;
        public nint Previous;
    }
}
