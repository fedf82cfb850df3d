using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

/// <summary>Every quantity of a linearisation point against the exact float64 cases.</summary>
public sealed class ReferenceTests
{
    // Relative to the largest element: the references carry float64 rounding of their own.
    private const double Float64Bound = 1e-9;

    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string name in ReferenceCase.Names)
            {
                // All samples at once, and 3 + 3 + 1: a ragged last micro-batch.
                data.Add(name, 0);
                data.Add(name, 3);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Float64AgreesWithTheReference(string name, int microBatch)
    {
        ReferenceCase reference = ReferenceCase.Load(name);
        using var device = new CpuDevice();
        using Objective objective = reference.Objective(device, Precision.Float64, microBatch);
        using VectorBlock parameters = Block(device, reference.Parameters, 1);
        LinearizationPoint point = objective.Linearize(parameters);
        Close(reference.MeanLoss, point.Loss);
        Close(reference["per_sample_loss"], point.SampleLosses.ToArray());
        Close(reference["gradient"], point.Gradient.ToArray());

        using VectorBlock vectors = Block(device, reference["vectors"], 3);
        using var products = new VectorBlock(device, Precision.Float64, 3, objective.ParameterCount);
        products.CopyFrom(Poison(products));
        point.Multiply(ProductKind.Hessian, vectors, products);
        Close(reference["hvp"], products.ToArray());
        for (int j = 0; j < 3; j++)
        {
            using var single = new VectorBlock(device, Precision.Float64, 1, objective.ParameterCount);
            point.Multiply(ProductKind.Hessian, vectors.Rows(j, 1), single);
            Close(reference["hvp"].AsSpan(j * single.ToArray().Length, single.ToArray().Length).ToArray(), single.ToArray());
        }

        point.Multiply(ProductKind.GaussNewton, vectors, products);
        Close(reference["ggn_vp"], products.ToArray());

        using VectorBlock top = Block(device, reference["top_eigenvector"], 1);
        Close(reference["per_sample_gradient_dot_top_eigenvector"], point.SampleSlopes(top));
        Close(reference["per_sample_curvature_top_eigenvector"], point.SampleCurvatures(top));
        Close(reference["output"], objective.Outputs(parameters));
    }

    private static double[] Poison(VectorBlock block)
    {
        double[] poison = new double[block.Count * block.Length];
        Array.Fill(poison, double.NaN);
        return poison;
    }

    private static VectorBlock Block(Device device, double[] values, int count)
    {
        var block = new VectorBlock(device, Precision.Float64, count, values.Length / count);
        block.CopyFrom(values);
        return block;
    }

    private static void Close(double expected, double actual) => Close([expected], [actual]);

    private static void Close(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.False(
                !(Math.Abs(expected[i] - actual[i]) <= Float64Bound * scale),
                $"element {i}: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }
}
