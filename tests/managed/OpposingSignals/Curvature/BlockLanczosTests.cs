using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

public sealed class BlockLanczosTests
{
    public static TheoryData<string, string, Spectrum, Precision, int> Zoo
    {
        get
        {
            var data = new TheoryData<string, string, Spectrum, Precision, int>();
            foreach (string name in SymmetricMatrices.Names)
            {
                foreach (Spectrum spectrum in Enum.GetValues<Spectrum>())
                {
                    foreach (Precision precision in Enum.GetValues<Precision>())
                    {
                        foreach (int block in (int[])[1, 2, 4])
                        {
                            data.Add("cpu", name, spectrum, precision, block);
                        }
                    }
                }
            }

            // The host's part of the work does not depend on the device; what remains are the operations on blocks.
            foreach (string device in TestDevices.Names.Where(device => device != "cpu"))
            {
                foreach (string name in (string[])["indefinite", "low rank", "zero", "one by one"])
                {
                    data.Add(device, name, Spectrum.BothEnds, Precision.Float32, 4);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Zoo))]
    public void EverySpectrumOfTheZooIsFoundWithHonestResiduals(
        string deviceName, string name, Spectrum spectrum, Precision precision, int block)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, precision, SymmetricMatrices.Named(name));
        double tolerance = precision == Precision.Float64 ? 1e-10 : 1e-5;
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            // The inner ends of the geometric and the clustered spectrum are too dense for a small basis.
            Spectrum = spectrum, Count = 3, BlockSize = block, Tolerance = tolerance, BasisSize = 64,
        }).Solve(symmetric);

        Assert.True(solution.Converged, $"{solution.StoppedBy} after {solution.Products} products");
        Assert.Equal(symmetric.Products, solution.Products);
        RequireHonest(symmetric, solution, tolerance);

        double[] exact = SymmetricMatrices.Eigenvalues(symmetric.Matrix);
        double[] expected = Wanted(exact, spectrum, 3);
        Assert.Equal(expected.Length, solution.Pairs.Count);
        double scale = Math.Max(Math.Abs(exact[0]), Math.Abs(exact[^1]));
        bool multiplicityFitsBlock = block == 4 || name is not ("multiple" or "ring");
        bool separated = precision == Precision.Float64 || name != "outlier over bulk";
        for (int j = 0; j < expected.Length; j++)
        {
            // A block narrower than a multiplicity may see the eigenvalue once, and eigenvalues closer than the
            // residual may stand for each other; what is returned is an eigenvalue all the same.
            double reference = multiplicityFitsBlock && separated
                ? expected[j] : exact.MinBy(value => Math.Abs(value - solution.Values[j]));
            Assert.False(!(Math.Abs(reference - solution.Values[j]) <= 2 * tolerance * scale),
                $"pair {j}: {solution.Values[j]:R} for {reference:R}");
        }
    }

    [Theory]
    [OnEachDevice(1, Precision.Float64)]
    [OnEachDevice(2, Precision.Float64)]
    [OnEachDevice(4, Precision.Float32)]
    public void EveryCountUpToTheDimensionGivesTheWholeSpectrum(string deviceName, int block, Precision precision)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric =
            new DenseOperator(device, precision, SymmetricMatrices.Rotated([3, 3, 1, 0.5, 0, -1, -4], seed: 3));
        double[] exact = SymmetricMatrices.Eigenvalues(symmetric.Matrix);
        double tolerance = precision == Precision.Float64 ? 1e-12 : 1e-5;
        for (int count = 1; count <= 9; count++)
        {
            foreach (Spectrum spectrum in Enum.GetValues<Spectrum>())
            {
                using EigenSolution solution = new BlockLanczos(new LanczosOptions
                {
                    Spectrum = spectrum, Count = count, BlockSize = block, Tolerance = tolerance,
                }).Solve(symmetric);
                Assert.True(solution.Converged);
                RequireHonest(symmetric, solution, tolerance);
                int expectedCount = Math.Min(7, spectrum == Spectrum.BothEnds ? 2 * count : count);
                Assert.Equal(expectedCount, solution.Pairs.Count);
                if (expectedCount == 7)
                {
                    double[] found = [.. solution.Values.OrderDescending()];
                    for (int j = 0; j < 7; j++)
                    {
                        Assert.False(!(Math.Abs(found[j] - exact[j]) <= 8 * tolerance));
                    }
                }
            }
        }
    }

    [Theory]
    [OnEachDevice]
    public void RestartsFindTheSameEigenvaluesInALittleBasis(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Named("condition 1e3"));
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            Count = 4, Tolerance = 1e-10, BasisSize = 10, MaximumProducts = 5000,
        }).Solve(symmetric);
        Assert.True(solution.Converged);
        Assert.True(solution.Products > 30);
        RequireHonest(symmetric, solution, 1e-10);
        double[] exact = SymmetricMatrices.Eigenvalues(symmetric.Matrix);
        for (int j = 0; j < 4; j++)
        {
            Assert.Equal(exact[j], solution.Values[j], 1e-12);
        }
    }

    [Theory]
    [OnEachDevice]
    public void ValuesOfTheRingAreTheKnownOnes(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Ring(48));
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            Count = 5, BlockSize = 2, Tolerance = 1e-11,
        }).Solve(symmetric);
        int[] waves = [24, 23, 23, 22, 22];
        for (int j = 0; j < waves.Length; j++)
        {
            Assert.Equal(2 - (2 * Math.Cos(2 * Math.PI * waves[j] / 48)), solution.Values[j], 1e-11);
        }
    }

    [Theory]
    [OnEachDevice("outlier over bulk", 1, 1e-2)]
    [OnEachDevice("indefinite", 1, 1e-2)]
    [OnEachDevice("indefinite", 3, 1e-4)]
    [InlineData("cpu", "condition 1e3", 2, 1e-4)]
    [InlineData("cpu", "geometric", 4, 1e-4)]
    public void AWarmStartIsNeverWorseThanACold(string deviceName, string name, int count, double largestStep)
    {
        using Device device = TestDevices.Open(deviceName);
        double[,] matrix = SymmetricMatrices.Named(name);
        var options = new LanczosOptions { Count = count, BlockSize = 1, Tolerance = 1e-6 };
        using EigenSolution before = new BlockLanczos(options)
            .Solve(new DenseOperator(device, Precision.Float64, matrix));
        double[,] change =
            SymmetricMatrices.Rotated([.. Enumerable.Repeat(1.0, 20), .. new double[matrix.GetLength(0) - 20]], 11);
        double scale = SymmetricMatrices.Eigenvalues(matrix)[0];
        foreach (double step in (double[])[0, 1e-6, 1e-5, largestStep])
        {
            double[,] moved = (double[,])matrix.Clone();
            for (int i = 0; i < moved.GetLength(0); i++)
            {
                for (int j = 0; j < moved.GetLength(1); j++)
                {
                    moved[i, j] += step * scale * change[i, j];
                }
            }

            var symmetric = new DenseOperator(device, Precision.Float64, moved);
            using EigenSolution cold = new BlockLanczos(options).Solve(symmetric);
            using EigenSolution warm = new BlockLanczos(options).Solve(symmetric, before.Vectors);
            Assert.True(warm.Converged);
            Assert.True(warm.Products <= cold.Products, $"step {step}: warm {warm.Products}, cold {cold.Products}");
            RequireHonest(symmetric, warm, options.Tolerance);
            for (int j = 0; j < count; j++)
            {
                Assert.Equal(cold.Values[j], warm.Values[j], 2e-6 * scale);
            }
        }
    }

    [Theory]
    [OnEachDevice]
    public void AGoodStartVectorCostsOneProduct(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float32, SymmetricMatrices.Named("outlier over bulk"));
        var options = new LanczosOptions { Tolerance = 1e-3 };
        using EigenSolution first = new BlockLanczos(options).Solve(symmetric);
        using EigenSolution second = new BlockLanczos(options).Solve(symmetric, first.Vectors);
        Assert.True(second.Converged);
        Assert.Equal(1, second.Products);
    }

    [Theory]
    [OnEachDevice]
    public void DependentZeroAndNonFiniteStartVectorsDoNoHarm(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Named("indefinite"));
        int n = (int)symmetric.Dimension;
        double[] rows = new double[5 * n];
        for (int i = 0; i < n; i++)
        {
            rows[i] = Math.Sin(i);
            rows[n + i] = Math.Sin(i) * (1 + (1e-13 * i));
            rows[(3 * n) + i] = i == 7 ? double.NaN : 1;
            rows[(4 * n) + i] = i == 7 ? double.PositiveInfinity : 1;
        }

        using var start = new VectorBlock(device, Precision.Float64, 5, n);
        start.CopyFrom(rows);
        var options = new LanczosOptions { Count = 2, BlockSize = 5, StartVectors = 5, Tolerance = 1e-9 };
        using EigenSolution solution = new BlockLanczos(options).Solve(symmetric, start);
        Assert.True(solution.Converged);
        RequireHonest(symmetric, solution, 1e-9);
        Assert.Equal(4, solution.Values[0], 1e-9);
        Assert.Equal(3.5, solution.Values[1], 1e-9);
    }

    // Like the Hessian of a small vision transformer. From a random vector the first steps may reach for the other end,
    // and leave a Ritz value near zero whose residual is within the tolerance.
    [Theory]
    [OnEachDevice]
    public void ALooseToleranceDoesNotHideAnEigenvalueThatStandsOut(string deviceName)
    {
        const int Dimension = 1400;
        using Device device = TestDevices.Open(deviceName);
        double[,] matrix = new double[Dimension, Dimension];
        double[] ends = [44, 14, 10, 7, -40, -12, -9];
        for (int i = 0; i < Dimension; i++)
        {
            matrix[i, i] = i < ends.Length ? ends[i] : 0.1 * Math.Sin(i);
        }

        var symmetric = new DenseOperator(device, Precision.Float64, matrix);
        for (int seed = 1; seed <= 20; seed++)
        {
            using EigenSolution solution =
                new BlockLanczos(new LanczosOptions { Tolerance = 0.06, Seed = seed }).Solve(symmetric);
            Assert.True(solution.Converged);
            Assert.Equal(44, solution.Values[0], 44 * 0.06);
        }
    }

    [Theory]
    [OnEachDevice]
    public void TheLimitOfProductsIsKeptAndUnconvergedPairsAreMarked(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Named("condition 1e3"));
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            Count = 3, BlockSize = 4, Tolerance = 1e-10, MaximumProducts = 10,
        }).Solve(symmetric);
        Assert.Equal(10, symmetric.Products);
        Assert.Equal(10, solution.Products);
        Assert.Equal(3, solution.BlockSteps);
        Assert.Equal(StopReason.ProductLimit, solution.StoppedBy);
        Assert.False(solution.Converged);
        Assert.Contains(solution.Pairs, pair => !pair.Converged);
        RequireHonest(symmetric, solution, 1e-10);
    }

    [Theory]
    [OnEachDevice]
    public void AToleranceBelowRoundingStopsAndIsMarked(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float32, SymmetricMatrices.Named("indefinite"));
        using EigenSolution solution = new BlockLanczos(new LanczosOptions
        {
            Count = 2, Tolerance = 1e-12, MaximumProducts = 100_000, BasisSize = 20,
        }).Solve(symmetric);
        Assert.Equal(StopReason.PrecisionLimit, solution.StoppedBy);
        Assert.True(solution.Products < 500);
        Assert.All(solution.Pairs, pair => Assert.False(pair.Converged));
        Assert.Equal(4, solution.Values[0], 1e-4);
    }

    [Theory]
    [OnEachDevice(double.NaN)]
    [OnEachDevice(double.PositiveInfinity)]
    public void AnOperatorThatIsNotFiniteRaisesAndNamesTheProduct(string deviceName, double poison)
    {
        using Device device = TestDevices.Open(deviceName);
        double[,] matrix = SymmetricMatrices.Named("indefinite");
        matrix[3, 4] = poison;
        var symmetric = new DenseOperator(device, Precision.Float64, matrix);
        NonFiniteOperatorException raised =
            Assert.Throws<NonFiniteOperatorException>(
                () => new BlockLanczos(new LanczosOptions()).Solve(symmetric).Dispose());
        Assert.Equal(1, raised.Product);
        Assert.Contains("Product 1 ", raised.Message, StringComparison.Ordinal);
    }

    [Theory]
    [OnEachDevice]
    public void CancellationIsHonoured(string deviceName)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, Precision.Float64, SymmetricMatrices.Named("indefinite"));
        Assert.Throws<OperationCanceledException>(() =>
            new BlockLanczos(new LanczosOptions())
                .Solve(symmetric, cancellation: new CancellationToken(true)).Dispose());
        Assert.Equal(0, symmetric.Products);
        Assert.Equal(0, device.LiveBuffers);
    }

    [Theory]
    [OnEachDevice(Precision.Float32)]
    [OnEachDevice(Precision.Float64)]
    public void TwoRunsGiveTheSameBits(string deviceName, Precision precision)
    {
        using Device device = TestDevices.Open(deviceName);
        var symmetric = new DenseOperator(device, precision, SymmetricMatrices.Named("clusters"));
        var solver = new BlockLanczos(new LanczosOptions
        {
            Count = 3, BlockSize = 2, Tolerance = 1e-5, BasisSize = 12, MaximumProducts = 60,
        });
        using EigenSolution first = solver.Solve(symmetric);
        using EigenSolution second = solver.Solve(symmetric);
        Assert.Equal(first.Values, second.Values);
        Assert.Equal(first.Residuals, second.Residuals);
        Assert.Equal(first.Vectors.ToArray(), second.Vectors.ToArray());
    }

    private static double[] Wanted(double[] descending, Spectrum spectrum, int count)
    {
        int n = descending.Length, taken = Math.Min(n, count);
        return spectrum switch
        {
            Spectrum.Largest => descending[..taken],
            Spectrum.Smallest => [.. descending[(n - taken)..].Reverse()],
            _ => n <= 2 * count ? descending : [.. descending[..count], .. descending[(n - count)..]],
        };
    }

    private static void RequireHonest(DenseOperator symmetric, EigenSolution solution, double tolerance)
    {
        int n = (int)symmetric.Dimension, count = solution.Pairs.Count;
        double[] vectors = solution.Vectors.ToArray(), products = symmetric.Multiply(vectors, count);
        double norm = SymmetricMatrices.Eigenvalues(symmetric.Matrix).Max(Math.Abs);

        // Rounding of stored vectors and of stored products, each a modest multiple of u over restarts.
        double rounding = 100 * symmetric.Precision.UnitRoundoff();
        for (int j = 0; j < count; j++)
        {
            double square = 0;
            for (int i = 0; i < n; i++)
            {
                double difference = products[(j * n) + i] - (solution.Pairs[j].Value * vectors[(j * n) + i]);
                square += difference * difference;
            }

            double residual = Math.Sqrt(square);
            Assert.False(!(Math.Abs(residual - solution.Pairs[j].Residual) <= rounding * norm),
                $"pair {j}: residual {residual:E3}, reported {solution.Pairs[j].Residual:E3}");
            Assert.Equal(solution.Pairs[j].RelativeResidual <= tolerance, solution.Pairs[j].Converged);
            for (int k = 0; k <= j; k++)
            {
                double inner = 0;
                for (int i = 0; i < n; i++)
                {
                    inner += vectors[(j * n) + i] * vectors[(k * n) + i];
                }

                Assert.False(!(Math.Abs(inner - (j == k ? 1 : 0)) <= rounding), $"inner product {j}, {k}: {inner:R}");
            }
        }
    }
}
