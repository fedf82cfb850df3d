using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;

namespace OpposingSignals.Benchmarks;

/// <summary>What is done with vectors of the length of θ.</summary>
/// <remarks>
/// <c>inner-products length vectors basis</c>, the inner products of a block of K with M others; <c>combine length
/// vectors basis</c>, which subtracts combinations of M from K and leaves the inner products of the result;
/// <c>gram-schmidt length vectors basis</c>, both passes of an eigensolver's step; <c>update length
/// rule=OPTIMISER</c>, with the rule as in <c>--optimizer</c>.
/// </remarks>
/// <param name="Text">The line.</param>
/// <param name="Operation">Which.</param>
/// <param name="Length">Elements P of a vector.</param>
/// <param name="Vectors">Vectors K of the block.</param>
/// <param name="Basis">Vectors M on the other side.</param>
/// <param name="Rule">The optimiser of an update; null otherwise.</param>
public sealed record VectorShape(string Text, string Operation, long Length, int Vectors, int Basis, Optimizer? Rule)
    : KernelShape(Text)
{
    internal static IEnumerable<string> Names => ["inner-products", "combine", "gram-schmidt", "update"];

    private double K => Vectors;

    private double M => Basis;

    internal static VectorShape? Parse(string name, string text, ShapeValues values) => name switch
    {
        "update" => new VectorShape(
            text, name, values.Count("length"), 1, 0, Optimizer.Named(values.Word("rule"), stepSize: 1e-6)),
        "inner-products" or "combine" or "gram-schmidt" => new VectorShape(
            text, name, values.Count("length"), values.Count("vectors"), values.Count("basis"), null),
        _ => null,
    };

    private protected override IReadOnlyList<KernelTiming> Time(
        PatternMemory memory, WorkTimer timer, IReadOnlyList<KernelLibrary> libraries)
    {
        using VectorBlock block = memory.Vectors(Vectors, Length), other = memory.Vectors(Vectors, Length);
        using VectorBlock basis = memory.Vectors(Basis, Length);
        using var along = new DeviceMatrix(memory.Device, Math.Max(Basis, 1), Vectors);
        using var left = new DeviceMatrix(memory.Device, Vectors, Vectors);
        memory.Device.Clear(along.Address, (long)along.Rows * along.Columns * sizeof(double));
        nint kept = memory.Allocate(sizeof(double));
        using OptimizerState? state = Rule?.Start(block);
        return
        [
            Operation switch
            {
                "inner-products" => Timing(2 * M * K, M + K, () => basis.WriteInnerProducts(block, along.Address)),
                "combine" => Timing(
                    2 * K * (M + K), M + (2 * K), () => block.Combine(basis, along, factor: -1, scale: 1, left)),

                // A pass: inner products, a combination that leaves those of what is left, another that whitens. Both
                // passes, with the inner products before them and the copy after them.
                "gram-schmidt" => Timing(
                    (2 * K * K) + (2 * 2 * K * (M + M + K + K)), K + (2 * (M + K + M + (2 * K) + (2 * K))) + (2 * K),
                    () => BlockOrthonormalisation.Run(basis, block, other, kept)),
                _ => Timing(0, 3 + (2 * Rule!.Memory.Count), () => Rule.Step(block, other, state!)),
            },
        ];

        KernelTiming Timing(double flops, double vectors, Action work) =>
            this.Timing(timer, Operation, flops * Length, vectors * Length * memory.Precision.Size(), work);
    }
}
