using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Networks;

/// <summary>
/// Names, shapes and sizes of the transformers by name, beside those of the models they are named after.
/// </summary>
public sealed class TransformersTests
{
    [Fact]
    public void GptHasTheStateDictOfGpt2()
    {
        // GPT2LMHeadModel of Hugging Face transformers; its projections (Conv1D) are [in, out], and the head is tied.
        Network small = ModelCatalog.Build("gpt:12:768:12", FeatureShape.Sequence(1024, 1), 50257);
        Assert.Equal(124_439_808, small.ParameterCount);
        Dictionary<string, int[]> shapes = small.Parameters.ToDictionary(p => p.Name, p => p.Shape.ToArray());
        Assert.Equal([50257, 768], shapes["transformer.wte.weight"]);
        Assert.Equal([1024, 768], shapes["transformer.wpe.weight"]);
        Assert.Equal([768], shapes["transformer.h.0.ln_1.bias"]);
        Assert.Equal([768, 2304], shapes["transformer.h.0.attn.c_attn.weight"]);
        Assert.Equal([2304], shapes["transformer.h.0.attn.c_attn.bias"]);
        Assert.Equal([768, 768], shapes["transformer.h.11.attn.c_proj.weight"]);
        Assert.Equal([768, 3072], shapes["transformer.h.11.mlp.c_fc.weight"]);
        Assert.Equal([3072, 768], shapes["transformer.h.11.mlp.c_proj.weight"]);
        Assert.Equal([768], shapes["transformer.ln_f.weight"]);
        Assert.Equal((12 * 12) + 4, shapes.Count);
    }

    [Fact]
    public void VitHasTheStateDictOfTorchvision()
    {
        // torchvision.models.vit_b_16, 86,567,656 parameters.
        Network base16 = ModelCatalog.Build("vit:16:12:768:12", new FeatureShape(224, 224, 3), 1000);
        Assert.Equal(86_567_656, base16.ParameterCount);
        Assert.Equal(
            ["class_token", "conv_proj.weight", "conv_proj.bias", "encoder.pos_embedding",
             "encoder.layers.encoder_layer_0.ln_1.weight", "encoder.layers.encoder_layer_0.ln_1.bias",
             "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
             "encoder.layers.encoder_layer_0.self_attention.in_proj_bias",
             "encoder.layers.encoder_layer_0.self_attention.out_proj.weight",
             "encoder.layers.encoder_layer_0.self_attention.out_proj.bias",
             "encoder.layers.encoder_layer_0.ln_2.weight",
             "encoder.layers.encoder_layer_0.ln_2.bias", "encoder.layers.encoder_layer_0.mlp.0.weight",
             "encoder.layers.encoder_layer_0.mlp.0.bias", "encoder.layers.encoder_layer_0.mlp.3.weight",
             "encoder.layers.encoder_layer_0.mlp.3.bias"],
            base16.Parameters.Take(16).Select(parameter => parameter.Name));
        Assert.Equal(
            ["encoder.ln.weight", "encoder.ln.bias", "heads.head.weight", "heads.head.bias"],
            base16.Parameters.TakeLast(4).Select(parameter => parameter.Name));
        Assert.Equal([1, 197, 768], base16.Parameters[3].Shape.ToArray());
        Network mean = ModelCatalog.Build("vit:16:12:768:12:mean", new FeatureShape(224, 224, 3), 1000);
        Assert.Equal(base16.ParameterCount - (2 * 768), mean.ParameterCount);
    }
}
