using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// y_o = Σ x_i W_w + b_o over a list of connections (o, i, w): a linear layer or a convolution, which differ in the
/// list alone. Parameters are the weights followed by the biases.
/// </summary>
public sealed class PlainBilinear : PlainLayer
{
    private readonly List<(int Output, int Input, int Weight)> _connections = [];
    private readonly int _outputs;

    // Index of the bias of each output; empty without biases.
    private int[] _bias = [];

    private PlainBilinear(int outputs) => _outputs = outputs;

    public static PlainBilinear Linear(Linear linear)
    {
        (FeatureShape input, FeatureShape output) = (linear.InputShapes[0], linear.OutputShape);
        (int inputs, int outputs) = (input.Channels, output.Channels);
        var layer = new PlainBilinear(output.Size);
        for (int place = 0; place < output.Size; place++)
        {
            (int position, int o) = (place / outputs, place % outputs);
            for (int i = 0; i < inputs; i++)
            {
                layer._connections.Add(
                    (place, (position * inputs) + i, linear.IsTransposed ? (i * outputs) + o : (o * inputs) + i));
            }
        }

        layer._bias = linear.Parameters.Count > 1
            ? [.. Enumerable.Range(0, output.Size).Select(place => (inputs * outputs) + (place % outputs))]
            : [];
        return layer;
    }

    public static PlainBilinear Convolution(Convolution convolution)
    {
        FeatureShape input = convolution.InputShapes[0], output = convolution.OutputShape;
        var layer = new PlainBilinear(output.Size);
        (int height, int width) = convolution.Kernel;
        int channels = input.Channels / convolution.Groups;
        foreach (PlainWindow window in PlainWindow.Over(
            input, output, convolution.Kernel, convolution.Stride, convolution.Padding))
        {
            for (int o = 0; o < output.Channels; o++)
            {
                int first = o / (output.Channels / convolution.Groups) * channels;
                for (int c = 0; c < channels; c++)
                {
                    int weight = (((((o * channels) + c) * height) + window.KernelRow) * width) + window.KernelColumn;
                    layer._connections.Add(
                        ((window.Output * output.Channels) + o, (window.Input * input.Channels) + first + c, weight));
                }
            }
        }

        int weights = output.Channels * channels * height * width;
        layer._bias = convolution.Parameters.Count > 1
            ? [.. Enumerable.Range(0, output.Size).Select(o => weights + (o % output.Channels))]
            : [];
        return layer;
    }

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters) =>
        Sum((x[0], parameters), bias: parameters);

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        Sum((inputTangents[0], parameters), (x[0], direction), direction);

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        foreach ((int o, int i, int w) in _connections)
        {
            inputCotangents[0][i].Add(cotangent[o], parameters[w]);
            gradient[w].Add(cotangent[o], x[0][i]);
        }

        AddBias(cotangent, gradient);
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient)
    {
        foreach ((int o, int i, int w) in _connections)
        {
            inputCotangents[0][i].Add(cotangentTangent[o], parameters[w]);
            inputCotangents[0][i].Add(cotangent[o], direction[w]);
            gradient[w].Add(cotangentTangent[o], x[0][i]);
            gradient[w].Add(cotangent[o], inputTangents[0][i]);
        }

        AddBias(cotangentTangent, gradient);
    }

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        Sum((inputTangents[0], direction), (inputTangents[0], direction));

    private Bounded[] Sum(
        (Bounded[] X, Bounded[] Weights) first, (Bounded[] X, Bounded[] Weights)? second = null, Bounded[]? bias = null)
    {
        var sums = new RunningSum[_outputs];
        foreach ((int o, int i, int w) in _connections)
        {
            sums[o].Add(first.X[i], first.Weights[w]);
            if (second is { } term)
            {
                sums[o].Add(term.X[i], term.Weights[w]);
            }
        }

        for (int o = 0; bias is not null && o < _bias.Length; o++)
        {
            sums[o].Add(bias[_bias[o]]);
        }

        return RunningSum.Totals(sums);
    }

    private void AddBias(Bounded[] cotangent, Span<RunningSum> gradient)
    {
        for (int o = 0; o < _bias.Length; o++)
        {
            gradient[_bias[o]].Add(cotangent[o]);
        }
    }
}
