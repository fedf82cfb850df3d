using MathNet.Numerics.LinearAlgebra;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

public sealed class PreconditionedOperatorTests
{
    /// <summary>Against the eigenvalues of the unsymmetric P⁻¹A, with P by its formula.</summary>
    [Theory]
    [OnEachDevice]
    public void ItsEigenvaluesAreThoseOfTheUnsymmetricProduct(string deviceName)
    {
        const double decay = 0.9, epsilon = 0.01;
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Named("indefinite"));
        int length = (int)symmetric.Dimension;
        var random = new Xoshiro256(5);
        double[] g = [.. Enumerable.Range(0, length).Select(_ => random.NextGaussian())];
        using var gradient = new VectorBlock(device, Precision.Float64, 1, length);
        gradient.CopyFrom(g);
        var optimizer = new RmsProp(stepSize: 0.1, decay, epsilon);
        using OptimizerState state = optimizer.Start(gradient);

        using EigenSolution solution = new BlockLanczos(new LanczosOptions { Count = 3, Tolerance = 1e-10 }).Solve(
            new PreconditionedOperator(symmetric, optimizer.PreconditionerAt(gradient, state)!));

        double[,] quotient = (double[,])symmetric.Matrix.Clone();
        for (int row = 0; row < length; row++)
        {
            for (int column = 0; column < length; column++)
            {
                quotient[row, column] /= Math.Sqrt((1 - decay) * g[row] * g[row]) + epsilon;
            }
        }

        double[] exact = [.. Matrix<double>.Build.DenseOfArray(quotient).Evd(Symmetricity.Asymmetric).EigenValues
            .Select(value => value.Real).OrderDescending()];
        Assert.True(solution.Converged);
        Assert.All(solution.Values.Zip(exact), pair => Assert.Equal(pair.Second, pair.First, 1e-8 * exact[0]));
    }
}
