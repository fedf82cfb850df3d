using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Devices.Cuda;

/// <summary>
/// Products and convolutions on tensor cores against float64, element by element; the emulated device does each under
/// every schedule.
/// </summary>
/// <remarks>
/// A term a b of a sum is off by at most <see cref="ProductArithmeticExtensions.TermError"/> |a b|, and each of the n
/// additions, three times as many in 3xtf32, by a unit in the last place of float32, 2⁻²³, since tensor cores truncate.
/// So |error| ≤ (TermError + 3 n 2⁻²³) Σ |a b|, with a few operations to spare.
/// </remarks>
public sealed class ProductArithmeticTests
{
    private const int Terms = 2;

    public static TheoryData<string, ProductArithmetic> Cases
    {
        get
        {
            var data = new TheoryData<string, ProductArithmetic>();
            foreach (string device in TestDevices.Names.Where(name => name != "cpu"))
            {
                foreach (ProductArithmetic arithmetic in Enum.GetValues<ProductArithmetic>())
                {
                    data.Add(device, arithmetic);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ProductsStayWithinTheBoundOfTheirArithmetic(string name, ProductArithmetic arithmetic)
    {
        using Device device = Device.Named(name, arithmetic: arithmetic);
        foreach (bool left in (bool[])[false, true])
        {
            foreach (bool right in (bool[])[false, true])
            {
                Compare(device, arithmetic, rows: 70, columns: 41, depth: 37, vectors: 2, left, right);
                Compare(device, arithmetic, rows: 72, columns: 68, depth: 520, vectors: 1, left, right);
            }
        }

        // Enough blocks for tiles of 128.
        Compare(device, arithmetic, rows: 100, columns: 66, depth: 20, vectors: 264, left: false, right: true);
        Compare(device, arithmetic, rows: 100, columns: 132, depth: 36, vectors: 132, left: true, right: false);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void ConvolutionsStayWithinTheBoundOfTheirArithmetic(string name, ProductArithmetic arithmetic)
    {
        using Device device = Device.Named(name, arithmetic: arithmetic);
        using var processor = new CpuDevice();
        foreach (Layer layer in (Layer[])[
            new Convolution(new FeatureShape(7, 5, 3), 6, kernel: 3, stride: 1, padding: 1),
            new Convolution(new FeatureShape(9, 8, 4), 8, kernel: 3, stride: 2, padding: 1, bias: false),
            new Convolution(new FeatureShape(7, 8, 5), 6, kernel: 2, stride: 3, padding: 1),
            new Convolution(new FeatureShape(7, 6, 16), 8, (3, 2), 1, 0, true, groups: 2)])
        {
            const int samples = 3, vectors = 2;
            IReadOnlyList<(string Name, double[] Values)> exact =
                LayerRun.Of(processor, Precision.Float64, layer, samples, vectors, seed: 1);
            IReadOnlyList<double[]> measured = EmulatedSchedules.SameBits<double>(
                device,
                () => [.. LayerRun.Of(device, Precision.Float32, layer, samples, vectors, seed: 1)
                    .Select(output => output.Values)]);

            // All numbers are at most 1/2. A sum runs over patches of the input, of the output, or over all output
            // pixels.
            FeatureShape input = layer.InputShapes[0], output = layer.OutputShape;
            int depth = Math.Max(9 * Math.Max(input.Channels, output.Channels), samples * output.Positions);
            double bound = Bound(arithmetic, depth) * Terms * depth / 4;
            for (int i = 0; i < exact.Count; i++)
            {
                for (int j = 0; j < exact[i].Values.Length; j++)
                {
                    double error = Math.Abs(exact[i].Values[j] - measured[i][j]);
                    Assert.False(!(error <= bound), $"{layer}, {exact[i].Name} [{j}]: {error:E2}, bound {bound:E2}");
                }
            }
        }
    }

    [Fact]
    public void TheProcessorRefusesAnotherArithmetic()
    {
        InputException refusal =
            Assert.Throws<InputException>(() => Device.Named("cpu", arithmetic: ProductArithmetic.Tf32));
        Assert.Contains("tf32 needs --device cuda", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Known: fp32, tf32, 3xtf32, bf16", Assert.Throws<InputException>(
            () => ProductArithmeticExtensions.Named("half")).Message, StringComparison.Ordinal);
    }

    private static double Bound(ProductArithmetic arithmetic, int depth) =>
        arithmetic.TermError() + (3 * ((Terms * depth) + 4) * Math.ScaleB(1, -23));

    private static void Compare(
        Device device, ProductArithmetic arithmetic, int rows, int columns, int depth, int vectors, bool left,
        bool right)
    {
        var random = new Random(5);
        float[][] a = [.. Enumerable.Range(0, Terms).Select(_ => Numbers(random, vectors * rows * depth))];
        float[][] b = [.. Enumerable.Range(0, Terms).Select(_ => Numbers(random, depth * columns))];
        var pass = new LayerPass
        {
            Device = device,
            Precision = Precision.Float32,
            BatchNorm = BatchNormMode.Train,
            Dropout = false,
        };

        using DeviceBuffer a0 = Uploaded(device, a[0]), a1 = Uploaded(device, a[1]), b0 = Uploaded(device, b[0]),
            b1 = Uploaded(device, b[1]), product = device.Allocate((long)vectors * rows * columns * sizeof(float));
        Operand Left(DeviceBuffer of) => new(new VectorView(of.Address, rows * depth), left ? rows : depth, left);
        Operand Right(DeviceBuffer of) => new(new VectorView(of.Address, 0), right ? depth : columns, right);
        float[] c = EmulatedSchedules.SameBits<float>(device, () =>
        {
            float[] written = new float[vectors * rows * columns];
            Array.Fill(written, float.NaN);
            device.Upload<float>(written, product.Address);
            Products.Run(
                pass, vectors, rows, columns, depth, [(Left(a0), Right(b0)), (Left(a1), Right(b1))],
                new VectorView(product.Address, rows * columns), accumulate: false);
            device.Download<float>(product.Address, written);
            return [written];
        })[0];

        // Every vector has other numbers and the same kernel: some are enough.
        for (int j = 0; j < vectors; j += Math.Max(1, vectors / 3))
        {
            for (int i = 0; i < rows * columns; i++)
            {
                (int row, int column) = (i / columns, i % columns);
                double exact = 0, magnitude = 0;
                for (int t = 0; t < Terms; t++)
                {
                    for (int k = 0; k < depth; k++)
                    {
                        double x = a[t][(j * rows * depth) + (left ? (k * rows) + row : (row * depth) + k)];
                        double y = b[t][right ? (column * depth) + k : (k * columns) + column];
                        exact += x * y;
                        magnitude += Math.Abs(x * y);
                    }
                }

                double error = Math.Abs(c[(j * rows * columns) + i] - exact), bound = Bound(arithmetic, depth) * magnitude;
                Assert.False(
                    !(error <= bound),
                    $"{rows} x {columns} x {depth}, vector {j}, [{row}, {column}]: {error:E2}, bound {bound:E2}");
            }
        }
    }

    private static float[] Numbers(Random random, int count)
    {
        float[] numbers = new float[count];
        foreach (ref float number in numbers.AsSpan())
        {
            number = (float)(random.NextDouble() - 0.5);
        }

        return numbers;
    }

    private static DeviceBuffer Uploaded(Device device, float[] values)
    {
        DeviceBuffer buffer = device.Allocate(values.Length * sizeof(float));
        device.Upload<float>(values, buffer.Address);
        return buffer;
    }
}
