using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>The largest element of each window; the first one among equals, as PyTorch has it.</summary>
public sealed class PlainMaxPool(Pooling pooling) : PlainLayer
{
    private readonly int _channels = pooling.OutputShape.Channels;
    private readonly int _outputs = pooling.OutputShape.Size;
    private readonly PlainWindow[] _windows =
    [
        .. PlainWindow.Over(
            pooling.InputShapes[0], pooling.OutputShape, pooling.Kernel, pooling.Stride, pooling.Padding),
    ];

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters) => Pick(x[0], x[0]);

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        Pick(inputTangents[0], x[0]);

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        int[] winners = Winners(x[0]);
        for (int o = 0; o < _outputs; o++)
        {
            inputCotangents[0][winners[o]].Add(cotangent[o]);
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient) =>
        Backward(x, parameters, cotangentTangent, inputCotangents, gradient);

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) => new Bounded[_outputs];

    private Bounded[] Pick(Bounded[] from, Bounded[] x) => Array.ConvertAll(Winners(x), winner => from[winner]);

    private int[] Winners(Bounded[] x)
    {
        int[] winners = new int[_outputs];
        Array.Fill(winners, -1);
        ForEach((output, input) =>
        {
            if (winners[output] < 0 || x[input].Value > x[winners[output]].Value)
            {
                winners[output] = input;
            }
        });
        ForEach((output, input) =>
        {
            // Equal numbers that float32 holds exactly, as zeros after a ReLU, are equal in every evaluation.
            Bounded best = x[winners[output]], other = x[input];
            double doubt = best.Error + other.Error;
            if (input != winners[output] && doubt > 0 && best.Value - other.Value <= doubt)
            {
                throw new UndecidedException($"the largest of {best} and {other}");
            }
        });
        return winners;
    }

    private void ForEach(Action<int, int> visit)
    {
        foreach (PlainWindow window in _windows)
        {
            for (int c = 0; c < _channels; c++)
            {
                visit((window.Output * _channels) + c, (window.Input * _channels) + c);
            }
        }
    }
}
