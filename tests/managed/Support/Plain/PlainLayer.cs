using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// A layer y = f(x, θ) for one sample, by naive loops. It has the passes of <see cref="Layer"/> and shares no code with
/// them.
/// </summary>
public abstract class PlainLayer
{
    /// <summary>y = f(x, θ).</summary>
    public abstract Bounded[] Forward(Bounded[][] x, Bounded[] parameters);

    /// <summary>ẏ = ∂f/∂x ẋ + ∂f/∂θ θ̇.</summary>
    public abstract Bounded[] Tangent(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction);

    /// <summary>x̄ += (∂f/∂x)ᵀ ȳ, θ̄ += (∂f/∂θ)ᵀ ȳ.</summary>
    public abstract void Backward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, RunningSum[][] inputCotangents,
        Span<RunningSum> gradient);

    /// <summary>Adds the derivative of what <see cref="Backward"/> adds along (ẋ, θ̇, tangent of ȳ).</summary>
    public abstract void TangentBackward(
        Bounded[][] x, Bounded[] parameters, Bounded[] cotangent, Bounded[] cotangentTangent, Bounded[][] inputTangents,
        Bounded[] direction, RunningSum[][] inputCotangents, Span<RunningSum> gradient);

    /// <summary>D²f[(ẋ, θ̇), (ẋ, θ̇)].</summary>
    public abstract Bounded[] SecondOrder(
        Bounded[][] x, Bounded[] parameters, Bounded[][] inputTangents, Bounded[] direction);

    /// <summary>The plain layer that stands beside a layer of the library.</summary>
    public static PlainLayer For(Layer layer) => layer switch
    {
        Linear linear => PlainBilinear.Linear(linear),
        TokenEmbedding embedding => PlainSelection.Embedding(embedding),
        LearnedPositions positions => PlainSelection.Positions(positions),
        ClassToken token => PlainSelection.ClassToken(token),
        FirstToken token => PlainSelection.FirstToken(token),
        Attention attention => new PlainAttention(attention),
        Convolution convolution => PlainBilinear.Convolution(convolution),
        Activation activation => new PlainElementwise(activation.Kind, activation.Parameter),
        Pooling { IsMax: true } pooling => new PlainMaxPool(pooling),
        Pooling pooling => PlainLinearMap.AveragePool(pooling),
        FeatureNormalization normalization => new PlainNormalization(normalization),
        Flatten flatten => PlainLinearMap.Flatten(flatten.InputShapes[0]),
        PaddedShortcut shortcut => PlainLinearMap.PaddedShortcut(shortcut),
        Add add => PlainLinearMap.Add(add.OutputShape.Size),
        _ => throw new ArgumentException($"There is no plain {layer}.", nameof(layer)),
    };
}
