using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.SelfTests;

/// <summary>
/// Every layer's kernels in all passes, at shapes that reach each tile and each ragged edge; of a device that
/// multiplies on tensor cores those that do, the others being the same.
/// </summary>
internal static class LayerComparisons
{
    // Roundings of an activation, see Others.
    private const int ActivationDepth = 20;

    /// <summary>Compares the device with the processor; results come as they are found.</summary>
    public static IEnumerable<SelfTestResult> Run(Device device, Device processor)
    {
        int seed = 1;
        ActivationKind[] kinds = Enum.GetValues<ActivationKind>();
        foreach ((Layer layer, int samples, int vectors, long depth) in Cases(device))
        {
            IEnumerable<SelfTestResult> results = Compare(
                device, processor, $"{layer}, {samples} samples, {vectors} vectors", depth,
                (on, precision) => LayerRun.Of(on, precision, layer, samples, vectors, seed));
            if (layer.TakesActivationAfter)
            {
                ActivationKind kind = kinds[seed % kinds.Length];
                results = results.Concat(Compare(
                    device, processor, $"{layer} beside {kind}, {samples} samples, {vectors} vectors",
                    depth + ActivationDepth,
                    (on, precision) => LayerRun.WithActivation(on, precision, layer, kind, samples, vectors, seed)));
            }

            foreach (SelfTestResult result in results)
            {
                yield return result;
            }

            seed++;
        }
    }

    private static IEnumerable<SelfTestResult> Compare(
        Device device, Device processor, string what, long depth,
        Func<Device, Precision, IReadOnlyList<(string Name, double[] Values)>> run)
    {
        IReadOnlyList<(string Name, double[] Values)> exact = run(processor, Precision.Float64);
        foreach (Precision precision in SelfTest.Precisions(device))
        {
            IReadOnlyList<(string Name, double[] Values)> measured = run(device, precision);
            for (int i = 0; i < exact.Count; i++)
            {
                yield return new SelfTestResult(
                    what,
                    $"{SelfTest.Numbers(device, precision)}: {exact[i].Name}",
                    exact[i].Values,
                    measured[i].Values,
                    Deviation.Safety * Deviation.OfSum(depth, precision, device.Arithmetic));
            }
        }
    }

    // Layer, samples, vectors, and the length of its longest sum.
    private static IEnumerable<(Layer Layer, int Samples, int Vectors, long Depth)> Cases(Device device) =>
        device.Arithmetic == ProductArithmetic.Float32 ? [.. Products(), .. ProductsInTilesOf64(), .. Others()]
            : device is CudaDevice { MultipliesByWarpgroups: true } ? [.. Products(), .. ProductsByWarpgroups()]
            : Products();

    // The largest have enough blocks for tiles of 128 in all passes.
    private static IEnumerable<(Layer Layer, int Samples, int Vectors, long Depth)> Products()
    {
        yield return (new Linear(3, 2), 1, 1, 3);
        yield return (new Linear(1300, 30), 45, 1, 1300);
        yield return (new Linear(40, 70), 33, 3, 70);
        yield return (new Linear(36, 12, bias: false), 700, 2, 700);
        yield return (new Linear(12, 260), 2100, 8, 2100);
        foreach (Layer layer in (Layer[])[
            new Convolution(new FeatureShape(7, 5, 3), 6, kernel: 3, stride: 1, padding: 1),
            new Convolution(new FeatureShape(9, 8, 4), 8, kernel: 3, stride: 2, padding: 1, bias: false),
            new Convolution(new FeatureShape(6, 6, 8), 40, kernel: 1, stride: 2),
            new Convolution(new FeatureShape(7, 8, 8), 12, kernel: 2, stride: 3, padding: 1, groups: 2),
            new Convolution(new FeatureShape(8, 7, 4), 6, kernel: 5, stride: 2, padding: 2),
            new Convolution(new FeatureShape(7, 6, 12), 8, (3, 2), 1, 0, true, groups: 4),
            new Convolution(new FeatureShape(6, 7, 5), 5, (3, 3), 1, 1, true, groups: 5)])
        {
            yield return (layer, 5, 3, 600);
        }

        yield return (new Convolution(new FeatureShape(12, 12, 4), 36, kernel: 3, padding: 1), 9, 1, 1300);
        yield return (new Convolution(new FeatureShape(4, 4, 16), 65, kernel: 1), 9, 132, 144);
        yield return (new Convolution(new FeatureShape(4, 4, 65), 8, kernel: 3, stride: 2, padding: 1), 17, 66, 585);
        yield return (new Convolution(new FeatureShape(2, 2, 65), 65, kernel: 1), 2, 264, 130);
    }

    // Too narrow for a tile of 128, too wide for one of 32, and just enough blocks. Exact float32 has it between the
    // others; of tensor cores it is the smallest tile, and of float64 the largest.
    private static IEnumerable<(Layer Layer, int Samples, int Vectors, long Depth)> ProductsInTilesOf64()
    {
        yield return (new Linear(3, 33), 33, 264, 66);
        yield return (new Convolution(new FeatureShape(11, 3, 33), 33, kernel: 1), 1, 264, 66);
    }

    // In whole words and with a block for each multiprocessor of an H100, in all tiles of warpgroups and somewhat less than
    // them: forward, data and weights in 256 x 64, 128 x 256 and, with the depth cut, 64 x 256; of the convolutions in a
    // tensor core's, 64 x 256 and 128 x 256; 64 x 256, a tensor core's and 128 x 128; 128 x 256 and twice 256 x 64;
    // 256 x 64, 128 x 256 and 64 x 256. The last has phases.
    private static IEnumerable<(Layer Layer, int Samples, int Vectors, long Depth)> ProductsByWarpgroups()
    {
        yield return (new Linear(252, 28), 33800, 1, 33800);
        yield return (new Convolution(new FeatureShape(5, 3, 252), 124, kernel: 1), 1, 132, 504);
        yield return (new Convolution(new FeatureShape(5, 3, 124), 252, kernel: 1), 1, 132, 504);
        yield return (new Convolution(new FeatureShape(5, 3, 28), 252, kernel: 1), 17, 132, 510);
        yield return (new Convolution(new FeatureShape(5, 3, 252), 28, kernel: 1), 17, 132, 510);
        yield return (new Convolution(new FeatureShape(6, 6, 28), 60, kernel: 3, stride: 2, padding: 1), 16, 33, 1080);
    }

    private static IEnumerable<(Layer Layer, int Samples, int Vectors, long Depth)> Others()
    {
        yield return (new Convolution(new FeatureShape(9, 8, 37), 37, (3, 3), 2, 1, true, groups: 37), 40, 3, 800);
        yield return (new Convolution(new FeatureShape(6, 9, 3), 3, (4, 5), 3, 2, false, groups: 3), 5, 2, 45);
        yield return (Pooling.Max(new FeatureShape(7, 6, 5), 3, 2, 1), 3, 2, 9);
        yield return (Pooling.Average(new FeatureShape(7, 6, 5), 3, 2, 1), 3, 2, 9);
        yield return (new Add(new FeatureShape(7, 6, 5)), 3, 2, 2);
        yield return (new PaddedShortcut(new FeatureShape(7, 6, 5), 8, 2), 3, 2, 1);
        yield return (new Attention(FeatureShape.Sequence(5, 18), heads: 2, causal: true), 2, 2, 8);
        yield return (new Attention(FeatureShape.Sequence(131, 108), heads: 1, causal: true), 1, 2, 167);
        yield return (new Attention(FeatureShape.Sequence(70, 210), heads: 1, causal: false), 2, 1, 140);
        yield return (FeatureNormalization.LayerNorm(FeatureShape.Vector(33), 1e-5), 150, 3, 150);
        yield return (FeatureNormalization.LayerNorm(FeatureShape.Vector(300), 1e-5), 37, 2, 300);
        yield return (FeatureNormalization.GroupNorm(new FeatureShape(5, 6, 36), 3, 1e-5), 4, 2, 360);
        yield return (FeatureNormalization.BatchNorm(new FeatureShape(8, 8, 5), 1e-5), 40, 2, 2560);
        yield return (new Dropout(FeatureShape.Vector(37), rate: 0.3, seed: 5), 11, 3, 1);

        // Four roundings, and an exponential that a GPU may miss by two units in the last place, which weighs as 4^2 more
        // (CUDA C++ Programming Guide, mathematical functions, expf).
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
        {
            yield return (new Activation(kind, FeatureShape.Vector(37)), 11, 3, ActivationDepth);
        }
    }
}
