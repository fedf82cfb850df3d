using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

/// <summary>
/// The stored cases in both precisions against a plain evaluation that shares no kernel with the library; float32
/// within bounds derived operation by operation.
/// </summary>
public sealed class PlainEvaluationTests(ITestOutputHelper output)
{
    // Two float64 evaluations, summed in different orders.
    private const double Float64Bound = 1e-10;

    // The stored numbers come from PyTorch in float64.
    private const double StoredBound = 1e-9;

    // The cases are well conditioned: errors of more than 1e-3 in norm are faults, whatever the bounds say.
    private const double Sane = 1e-3;

    public static TheoryData<string> Cases => [.. ReferenceCase.ShallowNames];

    public static TheoryData<string, Precision> CasesAndPrecisions
    {
        get
        {
            var data = new TheoryData<string, Precision>();
            foreach (string name in ReferenceCase.ShallowNames)
            {
                data.Add(name, Precision.Float32);
                data.Add(name, Precision.Float64);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ThePlainEvaluationAgreesWithTheStoredCases(string name)
    {
        ReferenceCase stored = ReferenceCase.Load(name);
        var plain = new PlainObjective(
            Precision.Float64, stored.Network, stored.Loss, stored.Inputs, stored.Targets, stored.Parameters);
        double[][] vectors = [.. stored["vectors"].Chunk(stored.Parameters.Length)];
        double[] top = stored["top_eigenvector"];
        Close([plain.Loss], [stored.MeanLoss]);
        Close(plain.SampleLosses, stored["per_sample_loss"]);
        Close(plain.Outputs, stored["output"]);
        Close(plain.Gradient, stored["gradient"]);
        Close([.. vectors.SelectMany(v => plain.Multiply(ProductKind.Hessian, v))], stored["hvp"]);
        Close([.. vectors.SelectMany(v => plain.Multiply(ProductKind.GaussNewton, v))], stored["ggn_vp"]);
        Close(plain.SampleSlopes(top), stored["per_sample_gradient_dot_top_eigenvector"]);
        Close(plain.SampleCurvatures(top), stored["per_sample_curvature_top_eigenvector"]);

        static void Close(Bounded[] plain, double[] stored) => Closeness.Relative("stored", plain, stored, StoredBound);
    }

    [Theory]
    [MemberData(nameof(CasesAndPrecisions))]
    public void EveryQuantityIsWithinItsBoundOfThePlainEvaluation(string name, Precision precision)
    {
        ReferenceCase stored = ReferenceCase.Load(name);
        PlainComparison.Run(
            "cpu", precision, stored.Network, stored.Loss, stored.Inputs, stored.Targets, stored.Parameters,
            stored["vectors"],
            [new ObjectiveOptions { MicroBatch = 7 }, new ObjectiveOptions { MicroBatch = 3 }],
            (quantity, plain, library) =>
            {
                if (precision == Precision.Float32)
                {
                    Closeness.WithinBounds(quantity, plain, library, Sane, output);
                }
                else
                {
                    Closeness.Relative(quantity, plain, library, Float64Bound);
                }
            });
    }
}
