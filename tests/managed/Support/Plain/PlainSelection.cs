using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// y_o = x_i + θ_p, either of which may be missing: embeddings, learned positions, a token put in front of a sequence
/// or taken out of it.
/// </summary>
public sealed class PlainSelection : PlainLayer
{
    private readonly Func<Bounded[], (int Input, int Parameter)[]> _select;

    private PlainSelection(Func<Bounded[], (int Input, int Parameter)[]> select) => _select = select;

    private static (int, int)[] Over(int outputs, Func<int, (int, int)> select) =>
        [.. Enumerable.Range(0, outputs).Select(select)];

    public static PlainSelection Embedding(TokenEmbedding layer)
    {
        int width = layer.OutputShape.Channels;
        return new(tokens => Over(
            layer.OutputShape.Size, o => (-1, ((int)tokens[o / width].Value * width) + (o % width))));
    }

    public static PlainSelection Positions(LearnedPositions layer) =>
        new(_ => Over(layer.OutputShape.Size, o => (o, o)));

    public static PlainSelection ClassToken(ClassToken layer)
    {
        int width = layer.OutputShape.Channels;
        return new(_ => Over(layer.OutputShape.Size, o => o < width ? (-1, o) : (o - width, -1)));
    }

    public static PlainSelection FirstToken(FirstToken layer) => new(_ => Over(layer.OutputShape.Size, o => (o, -1)));

    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters) => Sum(x[0], x[0], parameters);

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        Sum(x[0], inputTangents[0], direction);

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        (int Input, int Parameter)[] selected = _select(x[0]);
        for (int o = 0; o < selected.Length; o++)
        {
            if (selected[o].Input >= 0)
            {
                inputCotangents[0][selected[o].Input].Add(cotangent[o]);
            }

            if (selected[o].Parameter >= 0)
            {
                gradient[selected[o].Parameter].Add(cotangent[o]);
            }
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient) =>
        Backward(x, parameters, cotangentTangent, inputCotangents, gradient);

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        new Bounded[_select(x[0]).Length];

    private Bounded[] Sum(Bounded[] data, Bounded[] inputs, Bounded[] parameters) => Array.ConvertAll(
        _select(data),
        place =>
        {
            var sum = default(RunningSum);
            if (place.Input >= 0)
            {
                sum.Add(inputs[place.Input]);
            }

            if (place.Parameter >= 0)
            {
                sum.Add(parameters[place.Parameter]);
            }

            return sum.Total;
        });
}
