using System.Runtime.InteropServices;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>out[j, n] += scale · Σ_f a_j[n, f] b_j[n, f] in float64: what a sample contributes.</summary>
internal static class SampleDots
{
    private static readonly Operation<Arguments> Operation = new("sample_dots");

    public static unsafe void Add(
        LayerPass pass, int vectors, int features, double scale, VectorView a, VectorView b, Span<double> output,
        int stride)
    {
        fixed (double* to = output)
        {
            pass.Device.Run(Operation, new Arguments
            {
                Precision = pass.Precision,
                Scale = scale,
                Vectors = vectors,
                Samples = pass.Samples,
                Features = features,
                A = a.Address,
                AVectorStride = a.Stride,
                B = b.Address,
                BVectorStride = b.Stride,
                Output = to,
                OutputVectorStride = stride,
            });
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct Arguments
    {
        public Precision Precision;
        public int Reserved;
        public double Scale;
        public long Vectors;
        public long Samples;
        public long Features;
        public nint A;
        public long AVectorStride;
        public nint B;
        public long BVectorStride;
        public double* Output;
        public long OutputVectorStride;
    }
}
