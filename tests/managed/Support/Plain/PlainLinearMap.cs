using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>y = A x with a fixed sparse A: average pools, flattening and the addition of branches.</summary>
public sealed class PlainLinearMap : PlainLayer
{
    private readonly int _outputs;
    private readonly (int Output, int Branch, int Input, Bounded Coefficient)[] _entries;

    private PlainLinearMap(
        int outputs, IEnumerable<(int Output, int Branch, int Input, Bounded Coefficient)> entries) =>
        (_outputs, _entries) = (outputs, [.. entries]);

    /// <summary>The mean over a window, padding counted.</summary>
    public static PlainLinearMap AveragePool(Pooling pooling)
    {
        FeatureShape input = pooling.InputShapes[0], output = pooling.OutputShape;
        Bounded weight = Bounded.Constant(1.0 / (pooling.Kernel.Height * pooling.Kernel.Width));
        return new PlainLinearMap(
            output.Size,
            from window in PlainWindow.Over(input, output, pooling.Kernel, pooling.Stride, pooling.Padding)
            from c in Enumerable.Range(0, input.Channels)
            select ((window.Output * input.Channels) + c, 0, (window.Input * input.Channels) + c, weight));
    }

    /// <summary>H, W, C to C, H, W.</summary>
    public static PlainLinearMap Flatten(FeatureShape input)
    {
        int pixels = input.Height * input.Width;
        return new PlainLinearMap(
            input.Size,
            from pixel in Enumerable.Range(0, pixels)
            from c in Enumerable.Range(0, input.Channels)
            select ((c * pixels) + pixel, 0, (pixel * input.Channels) + c, (Bounded)1));
    }

    /// <summary>Every stride-th pixel among channels of zeros.</summary>
    public static PlainLinearMap PaddedShortcut(PaddedShortcut shortcut)
    {
        FeatureShape input = shortcut.InputShapes[0], output = shortcut.OutputShape;
        int before = (output.Channels - input.Channels) / 2;
        return new PlainLinearMap(
            output.Size,
            from row in Enumerable.Range(0, output.Height)
            from column in Enumerable.Range(0, output.Width)
            from c in Enumerable.Range(0, input.Channels)
            let pixel = (row * shortcut.Stride * input.Width) + (column * shortcut.Stride)
            select (
                (((row * output.Width) + column) * output.Channels) + before + c, 0, (pixel * input.Channels) + c,
                (Bounded)1));
    }

    /// <summary>The sum of two branches.</summary>
    public static PlainLinearMap Add(int size) => new(
        size,
        from branch in Enumerable.Range(0, 2)
        from i in Enumerable.Range(0, size)
        select (i, branch, i, (Bounded)1));

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters)
    {
        var sums = new RunningSum[_outputs];
        foreach ((int output, int branch, int input, Bounded coefficient) in _entries)
        {
            sums[output].Add(coefficient, x[branch][input]);
        }

        return RunningSum.Totals(sums);
    }

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        Forward(inputTangents, parameters);

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        foreach ((int output, int branch, int input, Bounded coefficient) in _entries)
        {
            inputCotangents[branch][input].Add(coefficient, cotangent[output]);
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient) =>
        Backward(x, parameters, cotangentTangent, inputCotangents, gradient);

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) => new Bounded[_outputs];
}
