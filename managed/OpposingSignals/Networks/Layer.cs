using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// A layer y = f(x, θ) as four passes over a micro-batch, from which every product of the toolkit is composed. A layer
/// never knows which curvature is being measured.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term>Forward</term><description>x, θ → y, and what it caches</description></item>
/// <item><term>Backward</term><description>K cotangents ȳ → K cotangents x̄; adds K θ̄</description></item>
/// <item><term>Tangent</term><description>K tangents ẋ, θ̇ → K tangents ẏ</description></item>
/// <item><term>TangentBackward</term><description>ȳ, K tangents of it, ẋ, θ̇ → K tangents of x̄; adds K tangents of
/// θ̄</description></item>
/// </list>
/// A fifth, <see cref="SecondOrder"/>, gives D²f[(ẋ, θ̇), (ẋ, θ̇)], which contracted with ȳ is the layer's part of a
/// sample's curvature; layers that are linear in (x, θ) jointly have none.
/// </remarks>
public abstract class Layer
{
    /// <summary>Shape of each input's features.</summary>
    public abstract IReadOnlyList<FeatureShape> InputShapes { get; }

    /// <summary>Shape of the output's features.</summary>
    public abstract FeatureShape OutputShape { get; }

    /// <summary>Parameters in PyTorch's order.</summary>
    public virtual IReadOnlyList<ParameterSpecification> Parameters => [];

    /// <summary>Name and sizes, for messages and a run's record.</summary>
    public abstract override string ToString();

    /// <summary>Bytes that Forward caches beside x and y for a micro-batch.</summary>
    internal virtual long CacheBytes(int samples) => 0;

    /// <summary>Bytes of working memory that operations of a pass take at most, with up to so many vectors.</summary>
    internal virtual long ScratchBytes(Device device, Precision precision, int samples, int vectors) =>
        device.ScratchOf(() =>
    {
        // Fewer vectors may take more: a product then has fewer blocks, and its depth is cut into more shares.
        for (int k = 1; k <= vectors; k++)
        {
            LayerPass pass = LayerPass.Nowhere(this, device, precision, samples, k);
            Forward(pass);
            Tangent(pass);
            Backward(pass);
            TangentBackward(pass);
            SecondOrder(pass);
        }
    });

    /// <summary>Whether y may be written over x: no pass needs x once y is known.</summary>
    internal virtual bool OverwritesInput => false;

    /// <summary>Whether other passes read y, so that the next layer must not overwrite it.</summary>
    internal virtual bool NeedsOutput => false;

    /// <summary>Whether ẏ may be written over ẋ: TangentBackward does not read ẋ.</summary>
    internal virtual bool OverwritesTangent => false;

    /// <summary>Whether TangentBackward reads ẋ, so that the layer before keeps its ẏ.</summary>
    internal virtual bool NeedsInputTangent => false;

    /// <summary>Whether x̄ may be written over ȳ.</summary>
    internal virtual bool OverwritesCotangent => false;

    /// <summary>Whether a sample's output depends on the other samples of its micro-batch, in training mode.</summary>
    internal virtual bool CouplesSamples => false;

    /// <summary>
    /// Whether Forward and Tangent may take along those of an activation, see <see cref="LayerPass.Following"/>.
    /// </summary>
    internal virtual bool TakesActivationAfter => false;

    /// <summary>Whether Backward and TangentBackward may.</summary>
    internal virtual bool TakesActivationBefore => false;

    /// <summary>Whether TangentBackward or SecondOrder reads the primal ȳ.</summary>
    /// <param name="inputMoves">Whether the input has a tangent; the data have none.</param>
    internal virtual bool NeedsOutputCotangent(bool inputMoves) => false;

    /// <summary>y = f(x, θ).</summary>
    internal abstract void Forward(LayerPass pass);

    /// <summary>ẏ_j = ∂f/∂x ẋ_j + ∂f/∂θ θ̇_j.</summary>
    internal abstract void Tangent(LayerPass pass);

    /// <summary>x̄_j = (∂f/∂x)ᵀ ȳ_j; θ̄_j += (∂f/∂θ)ᵀ ȳ_j.</summary>
    internal abstract void Backward(LayerPass pass);

    /// <summary>The derivative of <see cref="Backward"/> along (ẋ_j, θ̇_j, tangent of ȳ_j).</summary>
    internal abstract void TangentBackward(LayerPass pass);

    /// <summary>
    /// Writes D²f[(ẋ_j, θ̇_j)²] / c to the output tangent and returns c; writes nothing and returns 0 where it
    /// vanishes.
    /// </summary>
    internal virtual double SecondOrder(LayerPass pass) => 0;

    private protected static void RequirePositive(int value, string what)
    {
        if (value < 1)
        {
            throw new InputException($"{what} must be at least 1, got {value}.");
        }
    }
}
