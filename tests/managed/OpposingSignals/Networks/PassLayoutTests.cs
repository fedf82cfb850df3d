using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Networks;

/// <summary>Where tensors lie in the workspace, against what is read while they are written.</summary>
public sealed class PassLayoutTests
{
    private const int Samples = 3;
    private const int Vectors = 2;

    public static TheoryData<string, Func<NetworkBuilder, NetworkBuilder>> Networks => new()
    {
        { "a chain", b => b.Linear(40).Activation(ActivationKind.Relu).Linear(50).Activation(ActivationKind.Gelu).Linear(3) },
        {
            "an activation whose input others read too",
            b => b.Linear(16).Residual(r => r.Linear(9).Linear(16), s => s.Activation(ActivationKind.Tanh).Linear(16))
                .Activation(ActivationKind.Relu).Linear(3)
        },
        {
            "sums, of which a branch is read once",
            b => b.Linear(16).Residual(r => r.Linear(16)).Activation(ActivationKind.Silu)
                .Residual(r => r.Linear(16)).Activation(ActivationKind.Gelu).Linear(3)
        },
        {
            "normalisations",
            b => b.Linear(16).LayerNorm().Activation(ActivationKind.Relu).Linear(16).LayerNorm()
                .Activation(ActivationKind.Gelu).Linear(16)
        },
        {
            "widths that fit each other's places",
            b => b.Linear(16).Activation(ActivationKind.Silu).Linear(16).Activation(ActivationKind.LeakyRelu).Linear(16)
                .Residual(r => r.Activation(ActivationKind.Elu).Linear(16), s => s.Activation(ActivationKind.Relu).Linear(16))
                .Linear(16)
        },
    };

    // The blocks of a product that takes an activation along write what follows while others still read operands.
    [Theory]
    [MemberData(nameof(Networks))]
    public void NothingIsWrittenOverOperandsOfANodeThatTakesAnActivationAlong(
        string what, Func<NetworkBuilder, NetworkBuilder> layers)
    {
        Assert.NotEmpty(what);
        Network network = layers(new NetworkBuilder(FeatureShape.Vector(16))).Build();
        var layout = new PassLayout(network, Precision.Float64, Samples, Vectors);
        int taken = 0;
        for (int i = 0; i < network.Nodes.Length; i++)
        {
            if (network.ActivationAfter(i) is not null)
            {
                taken++;
                foreach (int read in network.Nodes[i].Inputs)
                {
                    Disjoint(layout.Tangent, i + 2, layout.Tangent, read, Vectors);
                }
            }

            if (network.ActivationBefore(i) is not null)
            {
                taken++;
                int written = network.Nodes[i - 1].Inputs[0];
                Disjoint(layout.ProductCotangent, written, layout.ProductCotangent, i + 1, Vectors);
                Disjoint(layout.ProductCotangent, written, layout.Tangent, i, Vectors);
                Disjoint(layout.GradientCotangent, written, layout.GradientCotangent, i + 1, 1);
            }
        }

        Assert.True(taken > 1);

        void Disjoint(long[] writtenAt, int written, long[] readAt, int read, int vectors)
        {
            (long begin, long end) = Range(writtenAt, written, vectors);
            (long readBegin, long readEnd) = Range(readAt, read, vectors);
            Assert.True(
                end <= readBegin || readEnd <= begin,
                $"tensor {written} is written to [{begin}, {end}) while {read} is read from [{readBegin}, {readEnd})");
        }

        (long Begin, long End) Range(long[] offsets, int tensor, int vectors) =>
            tensor == 0 || offsets[tensor] < 0
                ? (0, 0)
                : (offsets[tensor], offsets[tensor] + (network.Nodes[tensor - 1].Layer.OutputShape.Size
                    * (long)Samples * vectors * Precision.Float64.Size()));
    }
}
