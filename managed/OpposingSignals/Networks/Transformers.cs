namespace OpposingSignals.Networks;

/// <summary>
/// Pre-norm transformers, with the names that their parameters have in well-known PyTorch state dicts.
/// </summary>
internal static class Transformers
{
    // Of GPT-2 and of the vision transformer in torchvision.
    private const double GptEpsilon = 1e-5;
    private const double VitEpsilon = 1e-6;

    /// <summary>Names within a block, and how its projections are kept.</summary>
    /// <param name="FirstNorm">Normalisation before the attention.</param>
    /// <param name="QueryKeyValue">Projection to queries, keys and values.</param>
    /// <param name="Output">Projection of the attention's output.</param>
    /// <param name="SecondNorm">Normalisation before the perceptron.</param>
    /// <param name="Widen">The perceptron's first layer.</param>
    /// <param name="Narrow">Its second.</param>
    /// <param name="InputPrefix">What the names of the first projection's weight and bias begin with.</param>
    /// <param name="Transposed">Whether weights are [in, out].</param>
    public sealed record BlockNames(
        string FirstNorm, string QueryKeyValue, string Output, string SecondNorm, string Widen, string Narrow,
        string InputPrefix = "", bool Transposed = false);

    /// <summary>
    /// GPT-2 (Radford et al. 2019) on the network's tokens: embeddings, blocks with causal attention and the tanh form
    /// of GELU, LayerNorm, and a head without bias that is tied to the token embedding unless told otherwise. Names as
    /// in <c>GPT2LMHeadModel</c> of Hugging Face transformers, whose projections are [in, out].
    /// </summary>
    public static void Gpt(NetworkBuilder builder, int blocks, int width, int heads, bool tied, int vocabulary)
    {
        var names = new BlockNames(
            "ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj", Transposed: true);
        builder.Named("transformer.wte").TokenEmbedding(vocabulary, width).Named("transformer.wpe").LearnedPositions();
        for (int block = 0; block < blocks; block++)
        {
            Block(
                builder, $"transformer.h.{block}", names, width, 4 * width, heads, causal: true,
                ActivationKind.GeluTanh, GptEpsilon);
        }

        builder.Named("transformer.ln_f").LayerNorm(GptEpsilon);
        if (tied)
        {
            builder.Tied("transformer.wte.weight");
        }

        builder.Named("lm_head").PositionwiseLinear(vocabulary, bias: false);
    }

    /// <summary>
    /// The vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929): patches, a class token or the mean over
    /// tokens, learned positions, blocks with the exact GELU, LayerNorm and a linear head. Names as in torchvision's
    /// <c>VisionTransformer</c>.
    /// </summary>
    public static void Vit(
        NetworkBuilder builder, int patch, int blocks, int width, int heads, bool classToken, int outputs)
    {
        var names = new BlockNames(
            "ln_1", "self_attention", "self_attention.out_proj", "ln_2", "mlp.0", "mlp.3", InputPrefix: "in_proj_");
        if (classToken)
        {
            builder.Declare("class_token", new("class_token", [1, 1, width], ParameterRole.Embedding, 1, width));
        }

        builder.Named("conv_proj").Convolution(width, kernel: patch, stride: patch);
        if (classToken)
        {
            builder.Named("").ClassToken();
        }

        builder.Named("encoder").LearnedPositions("pos_embedding", leading: 1);
        for (int block = 0; block < blocks; block++)
        {
            Block(
                builder, $"encoder.layers.encoder_layer_{block}", names, width, 4 * width, heads, causal: false,
                ActivationKind.Gelu, VitEpsilon);
        }

        builder.Named("encoder.ln").LayerNorm(VitEpsilon);
        _ = classToken ? builder.FirstToken() : builder.GlobalAveragePool();
        builder.Named("heads.head").Linear(outputs);
    }

    /// <summary>x + attention(norm x), then x + perceptron(norm x).</summary>
    public static void Block(
        NetworkBuilder builder, string name, BlockNames names, int width, int hidden, int heads, bool causal,
        ActivationKind activation, double epsilon)
    {
        builder.Named(name).Residual(branch => branch
            .Named(names.FirstNorm).LayerNorm(epsilon)
            .Named(names.QueryKeyValue)
                .PositionwiseLinear(3 * width, transposed: names.Transposed, prefix: names.InputPrefix)
            .Attention(heads, causal)
            .Named(names.Output).PositionwiseLinear(width, transposed: names.Transposed));
        builder.Named(name).Residual(branch => branch
            .Named(names.SecondNorm).LayerNorm(epsilon)
            .Named(names.Widen).PositionwiseLinear(hidden, transposed: names.Transposed)
            .Activation(activation)
            .Named(names.Narrow).PositionwiseLinear(width, transposed: names.Transposed));
    }
}
