using OpposingSignals.Curvature;
using OpposingSignals.Devices;

namespace OpposingSignals.SelfTests;

/// <summary>Losses, gradients, curvature products and eigenvalues of whole networks.</summary>
/// <remarks>
/// Bounds: a computed number is the exact one of parameters and inputs that are off by the rounding of the sums behind
/// it (backward error, <see cref="Deviation.OfSum"/>). What such a change does to every quantity is measured with the
/// processor's float64, whose own rounding is nine orders smaller, so that an ill-conditioned quantity has a wider
/// bound and no other has.
/// </remarks>
internal static class NetworkComparisons
{
    private const int Eigenvalues = 2;

    /// <summary>Compares the device with the processor; results come as they are found.</summary>
    public static IEnumerable<SelfTestResult> Run(Device device, Device processor, bool withEigenvalues)
    {
        foreach (NetworkCase network in NetworkCase.All())
        {
            double rounding = Deviation.OfSum(network.Depth, Precision.Float32, device.Arithmetic);
            IReadOnlyList<Quantity> exact = Measure(processor, Precision.Float64, network, withEigenvalues);
            IReadOnlyList<Quantity> perturbed =
                Measure(processor, Precision.Float64, network.Perturbed(rounding), withEigenvalues);
            double[] conditions =
                [.. exact.Zip(perturbed, (a, b) => Math.Max(1, Deviation.Between(a.Values, b.Values) / rounding))];
            foreach (Precision precision in SelfTest.Precisions(device))
            {
                string? notRun = null;
                IReadOnlyList<Quantity> measured = [];
                try
                {
                    measured = Measure(device, precision, network, withEigenvalues);
                }
                catch (NotSupportedException e)
                {
                    notRun = e.Message;
                }

                for (int i = 0; i < exact.Count; i++)
                {
                    string subject = $"{network.Network.Name}, {network.Parameters.Length} parameters";
                    string quantity = $"{SelfTest.Numbers(device, precision)}: {exact[i].Name}";
                    double ofSums = Deviation.OfSum(network.Depth, precision, device.Arithmetic);
                    double bound = (Deviation.Safety * conditions[i] * ofSums)
                        + exact[i].Tolerance(precision, device.Arithmetic);
                    yield return notRun is null
                        ? new SelfTestResult(subject, quantity, exact[i].Values, measured[i].Values, bound)
                        : new SelfTestResult(subject, quantity, double.NaN, bound, Digest: null, notRun);
                }
            }
        }
    }

    private static List<Quantity> Measure(
        Device device, Precision precision, NetworkCase network, bool withEigenvalues)
    {
        using Objective objective = network.Objective(device, precision);
        using VectorBlock parameters = Block(device, precision, network.Parameters, 1);
        using VectorBlock directions = Block(device, precision, network.Directions, NetworkCase.Vectors);
        using var products = new VectorBlock(device, precision, NetworkCase.Vectors, objective.ParameterCount);
        LinearizationPoint point = objective.Linearize(parameters);
        var quantities = new List<Quantity>
        {
            new("loss of every sample", point.SampleLosses.ToArray()),
            new("gradient", point.Gradient.ToArray()),
            new("one Hessian product", Product(ProductKind.Hessian, 1)),
            new("three Hessian products", Product(ProductKind.Hessian, NetworkCase.Vectors)),
            new("three Gauss-Newton products", Product(ProductKind.GaussNewton, NetworkCase.Vectors)),
        };
        if (!objective.CouplesSamples)
        {
            (double[] slopes, double[] curvatures) = point.SampleDerivatives(directions);
            double[] fisher = Product(ProductKind.EmpiricalFisher, NetworkCase.Vectors);
            quantities.Add(new("three empirical Fisher products", fisher));
            quantities.Add(new("slopes of every sample", slopes));
            quantities.Add(new("curvatures of every sample", curvatures));
        }

        if (!withEigenvalues)
        {
            return quantities;
        }

        // The Hessian's symmetric part is computed to rounding, so that an eigenvalue is off by its residual at most.
        var options = new LanczosOptions { Count = Eigenvalues,
            Tolerance = Quantity.EigenTolerance(precision, device.Arithmetic) };
        using EigenSolution solution = new BlockLanczos(options)
            .Solve(new CurvatureOperator(point, ProductKind.Hessian));
        quantities.Add(new("largest eigenvalues", solution.Values, IsIterative: true));
        return quantities;

        double[] Product(ProductKind kind, int count)
        {
            // What is not overwritten stays NaN.
            products.CopyFrom(Enumerable.Repeat(double.NaN, (int)(products.Count * products.Length)).ToArray());
            point.Multiply(kind, directions.Rows(0, count), products.Rows(0, count));
            return products.Rows(0, count).ToArray();
        }
    }

    private static VectorBlock Block(Device device, Precision precision, double[] values, int count)
    {
        var block = new VectorBlock(device, precision, count, values.Length / count);
        block.CopyFrom(values);
        return block;
    }

    /// <param name="Name">What was computed.</param>
    /// <param name="Values">The numbers.</param>
    /// <param name="IsIterative">Whether an iteration ended at a tolerance.</param>
    private sealed record Quantity(string Name, double[] Values, bool IsIterative = false)
    {
        /// <summary>A residual relative to the largest value that products in this arithmetic can reach.</summary>
        public static double EigenTolerance(Precision precision, ProductArithmetic arithmetic) =>
            precision == Precision.Float64 ? 1e-10 : 1e-5 + (Deviation.Safety * arithmetic.TermError());

        /// <summary>What the iterations of both sides leave, relative to the largest value.</summary>
        public double Tolerance(Precision precision, ProductArithmetic arithmetic) =>
            IsIterative ? 2 * EigenTolerance(precision, arithmetic) : 0;
    }
}
