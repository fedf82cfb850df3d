using MathNet.Numerics.LinearAlgebra;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

public sealed class RitzBasisTests
{
    private const int Dimension = 60;

    public static TheoryData<string> Devices => [.. TestDevices.Names];

    public static TheoryData<string, int> DevicesAndBlocks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string device in TestDevices.Names)
            {
                data.Add(device, 1);
                data.Add(device, 2);
                data.Add(device, 4);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(DevicesAndBlocks))]
    public void TheLanczosRelationHoldsAndFullDepthReconstructsTheMatrix(string deviceName, int block)
    {
        using Device device = TestDevices.Open(deviceName);
        double[,] matrix = SymmetricMatrices.Rotated([.. Enumerable.Range(1, Dimension).Select(i => i / 60.0)], 5);
        using var basis = new RitzBasis(new DenseOperator(device, Precision.Float64, matrix), Dimension, 1);
        using var work = new VectorBlock(device, Precision.Float64, block, Dimension);
        new RandomVectors(1).Fill(work);
        while (basis.Count < Dimension)
        {
            Assert.Equal(block, basis.Extend(work));
            Matrix<double> q = Rows(basis.Vectors), aq = Rows(basis.ProductVectors);
            Matrix<double> t = Matrix<double>.Build.DenseOfArray(basis.Projection);
            Matrix<double> identity = Matrix<double>.Build.DenseIdentity(basis.Count);
            Assert.False(!((q * q.Transpose()) - identity).Enumerate().All(value => Math.Abs(value) < 1e-12));

            // A Qᵀ = Qᵀ T + residual, with a residual orthogonal to Q and of the rank of one block.
            Matrix<double> residual = aq - (t * q);
            Assert.False(!(residual * q.Transpose()).Enumerate().All(value => Math.Abs(value) < 1e-12));
            double[] singular = [.. residual.Svd(false).S];
            Assert.False(!singular.Skip(block).All(value => value < 1e-12));

            // Each new block is the remainder of A times the last one: a fresh start for every step of the recurrence.
            double[] last = basis.Products < Dimension
                ? [.. Rows(basis.ProductVectors.Rows(basis.Count - block, block)).Transpose().ToColumnMajorArray()]
                    : [];
            if (last.Length > 0)
            {
                work.CopyFrom(last);
            }
        }

        Matrix<double> full = Rows(basis.Vectors);
        Matrix<double> rebuilt = full.Transpose() * Matrix<double>.Build.DenseOfArray(basis.Projection) * full;
        Assert.False(
            !(rebuilt - Matrix<double>.Build.DenseOfArray(matrix)).Enumerate().All(value => Math.Abs(value) < 1e-12));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void ManyRestartsLeaveTheBasisOrthonormalAndItsProductsTrue(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        double[,] matrix = SymmetricMatrices.Named("condition 1e3");
        var symmetric = new DenseOperator(device, Precision.Float64, matrix);
        using var basis = new RitzBasis(symmetric, 12, 6);
        using var work = new VectorBlock(device, Precision.Float64, 1, symmetric.Dimension);
        new RandomVectors(2).Fill(work);
        for (int step = 0; step < 300; step++)
        {
            if (basis.Count == basis.Capacity)
            {
                basis.Restart([0, 1, 2, 3, 4, 5]);
            }

            Assert.Equal(1, basis.Extend(work));
            new RandomVectors(100 + step).Fill(work);
        }

        Matrix<double> q = Rows(basis.Vectors), aq = Rows(basis.ProductVectors);
        Matrix<double> identity = Matrix<double>.Build.DenseIdentity(basis.Count);
        Assert.False(!((q * q.Transpose()) - identity).Enumerate().All(value => Math.Abs(value) < 1e-13));
        Matrix<double> drift = aq - (q * Matrix<double>.Build.DenseOfArray(matrix));
        Assert.False(!drift.Enumerate().All(value => Math.Abs(value) < 1e-13));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void DependentDirectionsAreDropped(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float32, SymmetricMatrices.Named("identity"));
        int n = (int)symmetric.Dimension;
        using var basis = new RitzBasis(symmetric, n, 1);
        using var work = new VectorBlock(device, Precision.Float32, 4, n);
        double[] rows = new double[4 * n];
        for (int i = 0; i < n; i++)
        {
            rows[i] = Math.Cos(i);
            rows[n + i] = Math.Cos(i);
            rows[(2 * n) + i] = 1;
            rows[(3 * n) + i] = 2 + (3 * Math.Cos(i));
        }

        work.CopyFrom(rows);
        Assert.Equal(2, basis.Extend(work));
        work.CopyFrom(rows);
        Assert.Equal(0, basis.Extend(work));
        Assert.Equal(device.RunsAhead ? 8 : 2, symmetric.Products);
    }

    private static Matrix<double> Rows(VectorBlock block) =>
        Matrix<double>.Build.DenseOfRowMajor(block.Count, (int)block.Length, block.ToArray());
}
