using MathNet.Numerics.LinearAlgebra;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

public sealed class StabilityDirectionsTests
{
    private const double StepSize = 0.1, Decay = 0.9, Epsilon = 0.01;

    /// <summary>Against the eigenvectors of the dense, unsymmetric P⁻¹A in float64, with P by its formula.</summary>
    [Theory]
    [OnEachDevice]
    public void TheyAreTheUnitEigenvectorsOfTheUnsymmetricProductAndAChangeIsTheirSum(string deviceName)
    {
        const int length = 7;
        using Device device = TestDevices.Open(deviceName);
        var random = new Xoshiro256(3);
        double[] g = [.. Enumerable.Range(0, length).Select(_ => random.NextGaussian())];
        double[] p = [.. g.Select(P)];
        double[,] matrix = new double[length, length], quotient = new double[length, length];
        for (int row = 0; row < length; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                matrix[row, column] = matrix[column, row] = random.NextGaussian();
                (quotient[row, column], quotient[column, row]) =
                    (matrix[row, column] / p[row], matrix[row, column] / p[column]);
            }
        }

        using var gradient = new VectorBlock(device, Precision.Float64, 1, length);
        gradient.CopyFrom(g);
        var optimizer = new RmsProp(StepSize, Decay, Epsilon);
        using OptimizerState state = optimizer.Start(gradient);
        Preconditioner preconditioner = optimizer.PreconditionerAt(gradient, state)!;
        using EigenSolution solution = new BlockLanczos(new LanczosOptions { Count = length, Tolerance = 1e-12 }).Solve(
            new PreconditionedOperator(new DenseOperator(device, Precision.Float64, matrix), preconditioner));
        using var directions = new StabilityDirections(solution, preconditioner);

        double[] v = directions.Vectors.ToArray();
        var dense = Matrix<double>.Build.DenseOfArray(quotient).Evd(Symmetricity.Asymmetric);
        int[] descending = [.. Enumerable.Range(0, length).OrderByDescending(j => dense.EigenValues[j].Real)];
        for (int j = 0; j < length; j++)
        {
            Vector<double> exact = dense.EigenVectors.Column(descending[j]).Normalize(2);
            Vector<double> found = Vector<double>.Build.DenseOfArray(v[(j * length)..((j + 1) * length)]);
            Assert.Equal(dense.EigenValues[descending[j]].Real, directions.Pairs[j].Value, 1e-9);
            Assert.Equal(1, found.L2Norm(), 1e-12);
            Assert.Equal(1, Math.Abs(exact * found), 1e-9);
        }

        using VectorBlock change = optimizer.Change(gradient, state);
        using VectorBlock undivided = optimizer.UndividedChange(gradient, state);
        double[] a = directions.Coordinates(undivided), whole = change.ToArray();
        for (int i = 0; i < length; i++)
        {
            Assert.Equal(whole[i], Enumerable.Range(0, length).Sum(j => a[j] * v[(j * length) + i]), 1e-9);
        }
    }

    /// <summary>λ = vᵀHv / vᵀPv, and vᵀHv is the mean of the samples' curvatures: their shares of λ add up to 1.</summary>
    [Fact]
    public void TheSharesOfAllSamplesAddUpToOne()
    {
        const int samples = 40, features = 5;
        using var device = new CpuDevice(threads: 1);
        var random = new Xoshiro256(11);
        double[] numbers = [.. Enumerable.Range(0, samples * (features + 1)).Select(_ => random.NextGaussian())];
        using var objective = new Objective(
            device,
            Precision.Float64,
            ModelCatalog.Build("mlp:6:tanh", FeatureShape.Vector(features), 1),
            new SquaredError(),
            HostTensor.From<double>(numbers.AsSpan(0, samples * features), samples, features),
            HostTensor.From<double>(numbers.AsSpan(samples * features), samples, 1));
        using var parameters = new VectorBlock(device, Precision.Float64, 1, objective.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(objective.Network, 0));
        var optimizer = new RmsProp(StepSize, Decay, Epsilon);
        using OptimizerState state = optimizer.Start(parameters);
        LinearizationPoint point = objective.Linearize(parameters);
        Preconditioner preconditioner = optimizer.PreconditionerAt(point.Gradient, state)!;
        using EigenSolution solution = new BlockLanczos(new LanczosOptions { Count = 3, Tolerance = 1e-10 }).Solve(
            new PreconditionedOperator(new CurvatureOperator(point, ProductKind.Hessian), preconditioner));
        using var directions = new StabilityDirections(solution, preconditioner);

        double[] v = directions.Vectors.ToArray(), p = [.. point.Gradient.ToArray().Select(P)];
        double[] curvatures = point.SampleCurvatures(directions.Vectors);
        for (int j = 0; j < directions.Pairs.Count; j++)
        {
            double square = Enumerable.Range(0, p.Length).Sum(i => p[i] * Math.Pow(v[(j * p.Length) + i], 2));
            double[] shares = [.. curvatures[(j * samples)..((j + 1) * samples)]
                .Select(curvature => curvature / samples / square / directions.Pairs[j].Value)];
            Assert.Equal(1, shares.Sum(), 1e-8);
        }
    }

    // Of RMSProp's first step: its mean of squares starts at 0.
    private static double P(double gradient) => Math.Sqrt((1 - Decay) * gradient * gradient) + Epsilon;
}
