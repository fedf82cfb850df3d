using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>A loss: its values, its gradient, and its Hessian's product with K tangents of the outputs.</summary>
/// <remarks><c>cross-entropy outputs positions=1 smoothing=0 samples vectors=1</c> with the smoothing in percent, and
/// <c>squared-error outputs samples vectors=1</c>.</remarks>
/// <param name="Text">The line.</param>
/// <param name="Loss">The loss.</param>
/// <param name="Outputs">Shape of the network's outputs.</param>
/// <param name="Samples">Samples N.</param>
/// <param name="Vectors">Vectors K.</param>
public sealed record LossShape(string Text, Loss Loss, FeatureShape Outputs, int Samples, int Vectors)
    : KernelShape(Text)
{
    internal static IEnumerable<string> Names => ["cross-entropy", "squared-error"];

    internal static LossShape? Parse(string name, string text, ShapeValues values)
    {
        Loss? loss = name switch
        {
            "cross-entropy" => new CrossEntropy(values.Number("smoothing", 0) / 100.0),
            "squared-error" => new SquaredError(),
            _ => null,
        };
        return loss is null ? null : new LossShape(
            text, loss,
            FeatureShape.Sequence(loss is CrossEntropy ? values.Count("positions", 1) : 1, values.Count("outputs")),
            values.Count("samples"), values.Count("vectors", 1));
    }

    private protected override IReadOnlyList<KernelTiming> Time(
        PatternMemory memory, WorkTimer timer, IReadOnlyList<KernelLibrary> libraries)
    {
        long rows = (long)Samples * Outputs.Positions, outputs = (long)Samples * Outputs.Size;
        int size = memory.Precision.Size();
        nint values = memory.Tensor(outputs), tangents = memory.Tensor(Vectors * outputs),
            result = memory.Tensor(Vectors * outputs);
        bool hasClasses = Loss is CrossEntropy;
        nint targets = hasClasses ? memory.Integers(rows, Outputs.Channels) : memory.Tensor(outputs);
        nint losses = memory.Allocate(rows * sizeof(double)), correct = memory.Allocate(rows);
        var operands = new Loss.LossOperands(memory.Device, memory.Precision, Samples, Outputs, values, targets);
        double read = (outputs * size) + (hasClasses ? rows * sizeof(long) : outputs * size);
        return
        [
            Timing(
                timer, "forward", 0, read + (rows * (sizeof(double) + 1)),
                () => Loss.Forward(operands, losses, correct)),
            Timing(timer, "gradient", 0, read + (outputs * size), () => Loss.Gradient(operands, 1, result)),
            Timing(
                timer, "hessian-product", 0, read + (2.0 * Vectors * outputs * size),
                () => Loss.HessianProduct(operands, 1, Vectors, tangents, result)),
        ];
    }
}
