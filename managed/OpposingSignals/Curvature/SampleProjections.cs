using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// out_j[n] = scale · ⟨g[n], t_j[n]⟩ g[n]: every sample's tangent projected on its gradient, times the gradient.
/// </summary>
internal static class SampleProjections
{
    private static readonly Operation<Arguments> Operation = new("sample_projections");

    /// <param name="pass">Device, precision, samples.</param>
    /// <param name="vectors">Vectors K.</param>
    /// <param name="features">Features F of a sample.</param>
    /// <param name="scale">Factor of every projection.</param>
    /// <param name="gradient">g [N, F].</param>
    /// <param name="tangents">t [K, N, F].</param>
    /// <param name="output">[K, N, F]; its first vector may be g itself.</param>
    public static void Write(
        LayerPass pass, int vectors, int features, double scale, nint gradient, nint tangents, nint output) =>
        pass.Device.Run(Operation, new Arguments
        {
            Precision = pass.Precision,
            Scale = scale,
            Vectors = vectors,
            Samples = pass.Samples,
            Features = features,
            Gradient = gradient,
            Tangents = tangents,
            Output = output,
        });

    [StructLayout(LayoutKind.Sequential)]
    internal struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public double Scale;
        public long Vectors;
        public long Samples;
        public long Features;
        public nint Gradient;
        public nint Tangents;
        public nint Output;
    }
}
