using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Devices;

public sealed class VectorBlockTests
{
    public static TheoryData<string, Precision, int> Cases
    {
        get
        {
            var data = new TheoryData<string, Precision, int>();
            foreach (string device in TestDevices.Names)
            {
                foreach (int length in (int[])[1, 4097, 70_001])
                {
                    data.Add(device, Precision.Float32, length);
                    data.Add(device, Precision.Float64, length);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void InnerProductsAndCombinationsAgreeWithPlainSums(string deviceName, Precision precision, int length)
    {
        using Device device = TestDevices.Open(deviceName);
        using VectorBlock a = Random(device, precision, 3, length, seed: 1);
        using VectorBlock b = Random(device, precision, 2, length, seed: 2);
        double[] left = a.ToArray(), right = b.ToArray();

        double[,] inner = a.InnerProducts(b);
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 2; j++)
            {
                double sum = 0, magnitude = 0;
                for (int p = 0; p < length; p++)
                {
                    double term = left[(i * length) + p] * right[(j * length) + p];
                    sum += term;
                    magnitude += Math.Abs(term);
                }

                // Both sums are float64: each differs from the exact one by at most n u Σ|terms|.
                Assert.False(!(Math.Abs(sum - inner[i, j]) <= 2 * length * 1.2e-16 * magnitude));
            }
        }

        double[,] coefficients = { { 0.5, -2 }, { 3, 0.25 }, { -1, 1 } };
        b.Combine(a, coefficients, scale: -1.5);
        double[] combined = b.ToArray();
        for (int j = 0; j < 2; j++)
        {
            for (int p = 0; p < length; p++)
            {
                double expected = -1.5 * right[(j * length) + p], magnitude = Math.Abs(expected);
                for (int i = 0; i < 3; i++)
                {
                    expected += coefficients[i, j] * left[(i * length) + p];
                    magnitude += Math.Abs(coefficients[i, j] * left[(i * length) + p]);
                }

                // One rounding to the block's precision, and four float64 operations.
                double bound = (precision.UnitRoundoff() * Math.Abs(expected)) + (8 * 1.2e-16 * magnitude);
                Assert.False(!(Math.Abs(expected - combined[(j * length) + p]) <= bound));
            }
        }
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("cuda-emulated")]
    public void AProjectionIsWhatInnerProductsAndACombinationGive(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        using VectorBlock basis = Random(device, Precision.Float32, 3, 5000, seed: 1);
        using VectorBlock block = Random(device, Precision.Float32, 2, 5000, seed: 2);
        using VectorBlock expected = Random(device, Precision.Float32, 2, 5000, seed: 2);
        double[,] along = basis.InnerProducts(expected);
        for (int i = 0; i < 3; i++)
        {
            (along[i, 0], along[i, 1]) = (-along[i, 0], -along[i, 1]);
        }

        expected.Combine(basis, along, 1);
        using DeviceMatrix left = block.SubtractProjection(basis);
        Assert.Equal(expected.ToArray(), block.ToArray());
        double[,] squares = block.InnerProducts(block), fused = left.ToHost();
        for (int i = 0; i < 2; i++)
        {
            for (int j = 0; j < 2; j++)
            {
                // Sums of 5000 float64 numbers in two orders.
                Assert.False(!(Math.Abs(squares[i, j] - fused[i, j]) <= 5000 * 2.3e-16 * Math.Max(
                    squares[0, 0], squares[1, 1])));
            }
        }

        using VectorBlock none = basis.Rows(0, 0);
        block.SubtractProjection(none).Dispose();
        Assert.Equal(expected.ToArray(), block.ToArray());
    }

    // More than eight vectors are combined in several turns, and more than 24 whitened outside the shared memory of a
    // GPU.
    [Theory]
    [InlineData("cpu", 5)]
    [InlineData("cpu", 30)]
    [InlineData("cuda-emulated", 5)]
    [InlineData("cuda-emulated", 30)]
    public void WhiteningMakesVectorsOrthonormalAndDropsDependentOnes(string deviceName, int count)
    {
        using Device device = TestDevices.Open(deviceName);
        using VectorBlock block = Random(device, Precision.Float64, count, 100, seed: 3);
        using var orthonormal = new VectorBlock(device, Precision.Float64, count, 100);
        block.Rows(count - 1, 1).Combine(block.Rows(0, 2), new double[,] { { 3 }, { -2 } });
        using DeviceMatrix gram = block.InnerProductsOnDevice(block), kept = new(device, 1, 1), inner = new(device, count, count);
        using DeviceMatrix coefficients = gram.Whitening(null, 0, 1e-12, kept.Address);
        orthonormal.Combine(block, coefficients, factor: 1, scale: 0, inner);
        Assert.Equal(count - 1, kept.ToHost()[0, 0]);
        double[,] products = inner.ToHost();
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                Assert.False(!(Math.Abs(products[i, j] - (i == j && i < count - 1 ? 1 : 0)) <= 1e-12));
            }
        }
    }

    [Fact]
    public void ReleasedBlocksLeaveNothingBehind()
    {
        using var device = new CpuDevice();
        using (var block = new VectorBlock(device, Precision.Float32, 2, 100))
        {
            Assert.Equal(800, device.LiveBytes);
            using VectorBlock rows = block.Rows(1, 1);
            Assert.Equal(1, device.LiveBuffers);
        }

        Assert.Equal(0, device.LiveBytes);
        Assert.Equal(0, device.LiveBuffers);
        Assert.Equal(800, device.PeakBytes);
    }

    [Fact]
    public void ShapesThatDoNotFitAreRefused()
    {
        using var device = new CpuDevice();
        using var block = new VectorBlock(device, Precision.Float32, 2, 100);
        using var longer = new VectorBlock(device, Precision.Float32, 2, 101);
        Assert.Throws<ArgumentException>(() => block.InnerProducts(longer));
        Assert.Throws<ArgumentException>(() => block.CopyFrom(new double[199]));
        Assert.Throws<ArgumentOutOfRangeException>(() => block.Rows(1, 2));
    }

    private static VectorBlock Random(Device device, Precision precision, int count, int length, int seed)
    {
        var random = new Random(seed);
        double[] values = new double[count * length];
        foreach (ref double value in values.AsSpan())
        {
            value = random.NextDouble() - 0.5;
        }

        var block = new VectorBlock(device, precision, count, length);
        block.CopyFrom(values);
        return block;
    }
}
