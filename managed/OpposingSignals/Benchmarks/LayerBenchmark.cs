using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks;

/// <summary>Times the passes of a layer, and libraries that have its products beside them.</summary>
internal sealed class LayerBenchmark
{
    private readonly LayerShape _shape;
    private readonly PatternMemory _memory;
    private readonly LayerOperands _operands;
    private readonly LayerPass _pass;
    private readonly LibraryComparison? _comparison;

    public LayerBenchmark(LayerShape shape, PatternMemory memory, IReadOnlyList<KernelLibrary> libraries)
    {
        (_shape, _memory) = (shape, memory);
        _operands = new LayerOperands(shape, memory);
        _pass = _operands.PassOn(memory.Device);

        // No library has a product in any other layer.
        _comparison = libraries.Count > 0 && shape.Layer is Linear or Convolution
            ? new LibraryComparison(_operands, _pass, libraries)
            : null;
    }

    public IReadOnlyList<KernelTiming> Time(WorkTimer timer)
    {
        Layer layer = _shape.Layer;
        (long inputs, long output, long parameters) = _operands.Elements;

        // Every operand is read or written once; cotangents of parameters, which are added to, are both.
        double k = _shape.Vectors;
        return
        [
            Time("forward", 1, inputs + parameters + output, layer.Forward, pass => [(pass.Output, output)]),
            Time(
                "tangent", 2 * k, inputs + parameters + (k * (inputs + parameters + output)), layer.Tangent,
                pass => [(pass.OutputTangent.Address, _shape.Vectors * output)]),
            Time(
                "backward", 2 * k, inputs + parameters + (k * (output + inputs + (2 * parameters))), layer.Backward,
                Cotangents),
            Time(
                "tangent-backward", 4 * k,
                inputs + parameters + output + (k * (inputs + parameters + output + inputs + (2 * parameters))),
                layer.TangentBackward, Cotangents),
        ];

        KernelTiming Time(
            string name, double products, double elements, Action<LayerPass> work,
            Func<LayerPass, IReadOnlyList<(nint Address, long Count)>> results)
        {
            double flops = products * 2 * MultiplyAdds(output), bytes = elements * _memory.Precision.Size();
            try
            {
                (double seconds, IReadOnlyList<LibraryTiming> beside) = _comparison is null
                    ? (timer.Of(() => work(_pass)), [])
                    : _comparison.Time(timer, work, results);
                return new KernelTiming(_shape, name, seconds, flops, bytes) { Libraries = beside };
            }
            catch (NotSupportedException e)
            {
                return new KernelTiming(_shape, name, double.NaN, flops, bytes) { NotRun = e.Message };
            }
        }
    }

    // Of one product: of a convolution in any direction those of its outputs, with the padding as with other numbers. A
    // strided one's data gradient needs no more: what lies between the strides is not multiplied.
    private double MultiplyAdds(long output) => _shape.Layer switch
    {
        Linear or Convolution => (double)output * _shape.Layer.Parameters[0].FanIn,
        Attention attention => (double)_shape.Samples * attention.MultiplyAdds,
        _ => 0,
    };

    private IReadOnlyList<(nint Address, long Count)> Cotangents(LayerPass pass) =>
    [
        .. pass.InputCotangents.Concat(pass.ParameterCotangents)
            .Select(view => (view.Address, _shape.Vectors * view.Stride)),
    ];
}
