using System.Runtime.InteropServices;
using OpposingSignals.Devices;

namespace OpposingSignals.Optimizers;

/// <summary>
/// The diagonal matrix P of an adaptive step θ ← θ − η P⁻¹ m, by which it measures curvature: stability bounds the
/// largest eigenvalue of P⁻¹H, which is that of the symmetric P⁻¹ᐟ² H P⁻¹ᐟ².
/// </summary>
/// <remarks>
/// P is that of the step that would come next: its mean of squared gradients holds the present gradient already
/// (Cohen et al. 2022, arXiv 2207.14484). It reads the gradient and the optimiser's state where they lie, and holds
/// until either changes.
/// </remarks>
public sealed class Preconditioner
{
    private static readonly Operation<Arguments> Operation = new("precondition");

    private readonly VectorBlock _gradient;
    private readonly Arguments _numbers;

    /// <param name="numbers">Corrections and decays; lacks precision, extents and addresses.</param>
    /// <param name="gradient">∇L(θ).</param>
    /// <param name="second">The mean of squared gradients before this gradient.</param>
    internal Preconditioner(Arguments numbers, VectorBlock gradient, VectorBlock second)
    {
        gradient.RequireSame(second);
        _gradient = gradient;
        _numbers = numbers with
        {
            Precision = gradient.Precision,
            Length = gradient.Length,
            Gradient = gradient.Address,
            Second = second.Address,
        };
    }

    /// <summary>products_j = P⁻¹ᐟ² vectors_j.</summary>
    /// <param name="vectors">K vectors as long as θ.</param>
    /// <param name="products">K vectors; may be <paramref name="vectors"/>.</param>
    /// <exception cref="ArgumentException">The vectors do not fit each other, or the gradient.</exception>
    public void MultiplyByInverseRoot(VectorBlock vectors, VectorBlock products)
    {
        _gradient.RequireSame(vectors);
        _gradient.RequireSame(products);
        if (vectors.Count != products.Count)
        {
            throw new ArgumentException(
                $"{products.Count} vectors do not take the products of {vectors.Count}.", nameof(products));
        }

        _gradient.Device.Run(Operation, _numbers with
        {
            Count = vectors.Count,
            Input = vectors.Address,
            InputStride = vectors.Length,
            Output = products.Address,
            OutputStride = products.Length,
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Count;
        public long Length;
        public double SecondDecay;
        public double SecondCorrection;
        public double Epsilon;
        public double Factor;
        public nint Gradient;
        public nint Second;
        public nint Input;
        public long InputStride;
        public nint Output;
        public long OutputStride;
    }
}
