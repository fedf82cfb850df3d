using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

/// <summary>Every quantity of a linearisation point against the exact float64 cases.</summary>
public sealed class ReferenceTests(ITestOutputHelper output)
{
    // Relative to the largest element: the references carry float64 rounding of their own.
    private const double Float64Bound = 1e-9;

    // Relative to the largest element: rounding errors of float32; measured below 1e-6.
    private const double Float32Bound = 1e-5;

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string name in ReferenceCase.Names)
                {
                    // All samples at once, and 3 + 3 + 1, a ragged last micro-batch, where that is the same objective.
                    data.Add(device, name, 0);
                    if (!ReferenceCase.CouplesSamples(name))
                    {
                        data.Add(device, name, 3);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Float64AgreesWithTheReference(string device, string name, int microBatch) =>
        Compare(device, ReferenceCase.Load(name), Precision.Float64, microBatch, Float64Bound);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Float32AgreesWithTheReference(string device, string name, int microBatch) =>
        Compare(device, ReferenceCase.Load(name), Precision.Float32, microBatch, Float32Bound);

    private void Compare(string deviceName, ReferenceCase reference, Precision precision, int microBatch, double bound)
    {
        using Device device = TestDevices.Open(deviceName);
        using Objective objective = reference.Objective(device, precision, microBatch);
        using VectorBlock parameters = Block(device, precision, reference.Parameters, 1);
        LinearizationPoint point = objective.Linearize(parameters);
        Close("loss", [reference.MeanLoss], [point.Loss]);
        Close("sample losses", reference["per_sample_loss"], point.SampleLosses.ToArray());
        Close("gradient", reference["gradient"], point.Gradient.ToArray());

        using VectorBlock vectors = Block(device, precision, reference["vectors"], 3);
        using var products = new VectorBlock(device, precision, 3, objective.ParameterCount);
        products.CopyFrom(Poison(products));
        point.Multiply(ProductKind.Hessian, vectors, products);
        Close("Hessian products", reference["hvp"], products.ToArray());
        double[][] expected = [.. reference["hvp"].Chunk((int)objective.ParameterCount)];
        for (int j = 0; j < 3; j++)
        {
            using var single = new VectorBlock(device, precision, 1, objective.ParameterCount);
            point.Multiply(ProductKind.Hessian, vectors.Rows(j, 1), single);
            Close("Hessian product", expected[j], single.ToArray());
        }

        point.Multiply(ProductKind.GaussNewton, vectors, products);
        Close("Gauss-Newton products", reference["ggn_vp"], products.ToArray());

        if (!objective.CouplesSamples)
        {
            using VectorBlock top = Block(device, precision, reference["top_eigenvector"], 1);
            Close("slopes", reference["per_sample_gradient_dot_top_eigenvector"], point.SampleSlopes(top));
            Close("curvatures", reference["per_sample_curvature_top_eigenvector"], point.SampleCurvatures(top));
        }

        Close("outputs", reference["output"], objective.Outputs(parameters));

        void Close(string quantity, double[] expected, double[] actual)
        {
            Assert.Equal(expected.Length, actual.Length);
            double scale = expected.Max(Math.Abs);
            double worst = 0;
            for (int i = 0; i < expected.Length; i++)
            {
                double error = Math.Abs(expected[i] - actual[i]) / scale;
                Assert.False(
                    !(error <= bound), $"{quantity}, element {i}: expected {expected[i]:R}, got {actual[i]:R}");
                worst = Math.Max(worst, error);
            }

            output.WriteLine($"{quantity}: {worst:E1}");
        }
    }

    private static double[] Poison(VectorBlock block)
    {
        double[] poison = new double[block.Count * block.Length];
        Array.Fill(poison, double.NaN);
        return poison;
    }

    private static VectorBlock Block(Device device, Precision precision, double[] values, int count)
    {
        var block = new VectorBlock(device, precision, count, values.Length / count);
        block.CopyFrom(values);
        return block;
    }
}
