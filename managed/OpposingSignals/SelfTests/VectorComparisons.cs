using OpposingSignals.Benchmarks;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;

namespace OpposingSignals.SelfTests;

/// <summary>
/// What is done with whole vectors: inner products, combinations and whitening, of which eigensolvers consist,
/// optimisers' steps, and the multiply-adds that measure a device's ceiling. Not done on tensor cores.
/// </summary>
internal static class VectorComparisons
{
    // Two chunks of a sum, the second of them ragged.
    private const int Length = 9001;

    /// <summary>Compares the device with the processor; results come as they are found.</summary>
    public static IEnumerable<SelfTestResult> Run(Device device, Device processor) =>
        from subject in Subjects()
        let exact = subject.Measure(processor, Precision.Float64).ToArray()
        from precision in SelfTest.Precisions(device)
        from pair in exact.Zip(subject.Measure(device, precision))
        select new SelfTestResult(
            subject.Name,
            $"{SelfTest.Numbers(device, precision)}: {pair.First.Name}",
            pair.First.Values,
            pair.Second.Values,
            Deviation.Safety * Deviation.OfSum(pair.First.Terms, pair.First.IsRounded ? precision : Precision.Float64));

    // Blocks of up to 4, up to 8, and more vectors are combined by kernels of their own; more than 24 are whitened
    // outside the shared memory of a GPU.
    private static IEnumerable<Subject> Subjects()
    {
        foreach (int count in (int[])[3, 6, 30])
        {
            yield return new(
                $"{count} vectors of {Length}", (device, precision) => Combinations(device, precision, count));
        }

        foreach (string rule in (string[])["gd", "sign", "momentum", "nesterov", "adam", "rmsprop"])
        {
            yield return new(
                $"{Optimizer.Named(rule, 1).Name}, {Length} parameters",
                (device, precision) => Steps(device, precision, rule));
        }

        yield return new("ceiling", Ceiling);
    }

    // Inner products are float64 sums of what is the same in both precisions. What was combined is rounded once, and so
    // are the numbers whose inner products come with it. Of whitening these are compared: which vector comes first is
    // decided by rounding, since all have length one then.
    private static IEnumerable<Quantity> Combinations(Device device, Precision precision, int count)
    {
        using VectorBlock vectors = Block(device, precision, count, seed: 1);
        using VectorBlock others = Block(device, precision, 2, seed: 2), combined = Block(device, precision, count, seed: 3);
        double[,] products = vectors.InnerProducts(others);
        yield return new("inner products", Elements(products), Length, IsRounded: false);
        others.Combine(vectors, products, scale: -0.5);
        yield return new("combinations", others.ToArray(), count);

        using DeviceMatrix gram = vectors.InnerProductsOnDevice(vectors);
        using DeviceMatrix inner = new(device, count, count), kept = new(device, 1, 1);
        using DeviceMatrix whitening = gram.Whitening(null, 0, 1e-12, kept.Address);
        combined.Combine(vectors, whitening, factor: 2, scale: 0, inner);
        yield return new("inner products of whitened vectors", Elements(inner.ToHost()), Length);
        yield return new("whitened vectors", Elements(kept.ToHost()), Terms: 1);
    }

    private static IEnumerable<Quantity> Steps(Device device, Precision precision, string rule)
    {
        const int steps = 3, roundingsOfAStep = 3;
        Optimizer optimizer = Optimizer.Named(rule, stepSize: 0.1);
        using VectorBlock parameters = Block(device, precision, 1, seed: 1);
        using VectorBlock previous = Block(device, precision, 1, seed: 2);
        using OptimizerState state = optimizer.Start(parameters);
        for (int step = 0; step < steps; step++)
        {
            using VectorBlock gradient = Block(device, precision, 1, seed: 3 + (ulong)step);
            optimizer.Step(parameters, gradient, state, previous);
        }

        yield return new("parameters", parameters.ToArray(), steps * roundingsOfAStep);
        yield return new("parameters before", previous.ToArray(), steps * roundingsOfAStep);
        foreach ((string name, VectorBlock vector) in state.Vectors)
        {
            yield return new(name, vector.ToArray(), steps * roundingsOfAStep);
        }

        using VectorBlock last = Block(device, precision, 1, seed: 3), scaled = Block(device, precision, 2, seed: 4);
        if (optimizer.PreconditionerAt(last, state) is { } preconditioner)
        {
            preconditioner.MultiplyByInverseRoot(scaled, scaled);
            yield return new("preconditioned vectors", scaled.ToArray(), steps * roundingsOfAStep);
        }
    }

    private static IEnumerable<Quantity> Ceiling(Device device, Precision precision)
    {
        const int rounds = 16;
        using var sums = new VectorBlock(device, precision, 1, Length);
        Ceilings.Multiply(device, precision, Length, rounds, sums.Address);
        yield return new("multiply-adds", sums.ToArray(), rounds);
    }

    private static VectorBlock Block(Device device, Precision precision, int count, ulong seed)
    {
        var random = new Xoshiro256(seed);
        var block = new VectorBlock(device, precision, count, Length);
        block.CopyFrom([.. Enumerable.Range(0, count * Length).Select(_ => (float)random.NextGaussian())]);
        return block;
    }

    private static double[] Elements(double[,] matrix) => [.. matrix.Cast<double>()];

    /// <param name="Name">What is worked on.</param>
    /// <param name="Measure">What a device makes of it, from numbers that are exact in float32.</param>
    private sealed record Subject(string Name, Func<Device, Precision, IEnumerable<Quantity>> Measure);

    /// <param name="Name">What was computed.</param>
    /// <param name="Values">The numbers.</param>
    /// <param name="Terms">Roundings one after the other, or terms of a sum.</param>
    /// <param name="IsRounded">Whether to the precision of the vectors; otherwise all is float64.</param>
    private sealed record Quantity(string Name, double[] Values, long Terms, bool IsRounded = true);
}
