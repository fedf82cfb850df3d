using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>y = φ(x), element by element.</summary>
public sealed class PlainElementwise(ActivationKind kind, double parameter) : PlainLayer
{
    public override Bounded[] Forward(Bounded[][] x, Bounded[] parameters) =>
        Array.ConvertAll(x[0], element => PlainActivation.Value(kind, parameter, element));

    public override Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        [.. x[0].Zip(inputTangents[0], (element, tangent) => First(element) * tangent)];

    public override void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient)
    {
        for (int i = 0; i < cotangent.Length; i++)
        {
            inputCotangents[0][i].Add(First(x[0][i]), cotangent[i]);
        }
    }

    public override void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient)
    {
        for (int i = 0; i < cotangent.Length; i++)
        {
            inputCotangents[0][i].Add(First(x[0][i]), cotangentTangent[i]);
            inputCotangents[0][i].Add(Second(x[0][i]) * cotangent[i], inputTangents[0][i]);
        }
    }

    public override Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction) =>
        [.. x[0].Zip(inputTangents[0], (element, tangent) => Second(element) * tangent * tangent)];

    private Bounded First(Bounded x) => PlainActivation.First(kind, parameter, x);

    private Bounded Second(Bounded x) => PlainActivation.Second(kind, parameter, x);
}
