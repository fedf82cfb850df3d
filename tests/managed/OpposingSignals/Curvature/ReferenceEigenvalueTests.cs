using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

/// <summary>Both ends of the spectrum of every reference case against eigenvalues of the dense matrices.</summary>
public sealed class ReferenceEigenvalueTests
{
    private const string Small = "mlp-tanh-mse";

    public static TheoryData<string, string, Precision> Cases
    {
        get
        {
            var data = new TheoryData<string, string, Precision>();
            foreach (string name in ReferenceCase.Names)
            {
                data.Add("cpu", name, Precision.Float64);
                data.Add("cpu", name, Precision.Float32);
            }

            // Products are compared on every device in ReferenceTests; here it is the solver's own arithmetic that
            // differs.
            foreach (string device in TestDevices.Names.Where(device => device != "cpu"))
            {
                data.Add(device, Small, Precision.Float64);
                data.Add(device, Small, Precision.Float32);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LanczosFindsTheEndsOfTheSpectrum(string deviceName, string name, Precision precision)
    {
        ReferenceCase reference = ReferenceCase.Load(name);
        using Device device = TestDevices.Open(deviceName);
        using Objective objective = reference.Objective(device, precision, 0);
        using var parameters = new VectorBlock(device, precision, 1, objective.ParameterCount);
        parameters.CopyFrom(reference.Parameters);
        LinearizationPoint point = objective.Linearize(parameters);
        double norm = Math.Max(reference.LargestEigenvalues[0], Math.Abs(reference.SmallestEigenvalues[0]));
        Check(reference.LargestEigenvalues, norm, point, ProductKind.Hessian, Spectrum.Largest);
        Check(reference.SmallestEigenvalues, norm, point, ProductKind.Hessian, Spectrum.Smallest);
        Check(reference.LargestGaussNewtonEigenvalues, norm, point, ProductKind.GaussNewton, Spectrum.Largest);
    }

    private static void Check(
        double[] expected, double norm, LinearizationPoint point, ProductKind kind, Spectrum spectrum)
    {
        // An eigenvalue is quadratically closer than its residual suggests; the float32 product itself is off by about
        // √P · depth · u of the norm, which the residual cannot show.
        bool wide = point.Parameters.Precision == Precision.Float64;
        double tolerance = wide ? 1e-7 : 1e-5;
        double bound = wide ? 1e-9 : 64 * Math.Sqrt(point.Parameters.Length) * Precision.Float32.UnitRoundoff();
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            Count = expected.Length,
            Spectrum = spectrum,

            // Softmax regression has a null space: a block as wide as what is wanted sees multiple eigenvalues.
            BlockSize = expected.Length,
            Tolerance = tolerance,
            MaximumProducts = 4000,
        }).Solve(new CurvatureOperator(point, kind));
        Assert.Equal(expected.Length, solution.Pairs.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(solution.Pairs[i].Converged, $"{kind} {spectrum} {i} did not converge");
            Assert.False(
                !(Math.Abs(expected[i] - solution.Pairs[i].Value) <= bound * norm),
                $"{kind} {spectrum} {i}: expected {expected[i]:R}, got {solution.Pairs[i].Value:R}");
        }
    }
}
