using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>
/// Every quantity of a linearisation point beside the plain evaluation of the same data. The plain layers know one
/// sample only, so batch normalisation is in evaluation mode.
/// </summary>
public static class PlainComparison
{
    /// <summary>Vectors that products take at once.</summary>
    public const int Vectors = 3;

    /// <summary>
    /// Calls <paramref name="compare"/>(quantity, plain, library) for loss, gradient, products and per-sample numbers.
    /// </summary>
    public static void Run(
        string deviceName, Precision precision, Network network, Loss loss, HostTensor inputs, HostTensor targets,
        double[] parameters,
        double[] vectors, ObjectiveOptions[] batchings, Action<string, Bounded[], double[]> compare)
    {
        var plain = new PlainObjective(precision, network, loss, inputs, targets, parameters);
        double[][] directions = [.. vectors.Chunk(parameters.Length)];
        Bounded[] losses = plain.SampleLosses, gradient = plain.Gradient;
        Bounded[] hessian = [.. directions.SelectMany(v => plain.Multiply(ProductKind.Hessian, v))];
        Bounded[] gaussNewton = [.. directions.SelectMany(v => plain.Multiply(ProductKind.GaussNewton, v))];
        Bounded[] slopes = [.. directions.SelectMany(plain.SampleSlopes)];
        Bounded[] curvatures = [.. directions.SelectMany(plain.SampleCurvatures)];

        using Device device = TestDevices.Open(deviceName);
        foreach (ObjectiveOptions options in batchings)
        {
            using var objective = new Objective(
                device, precision, network, loss, inputs, targets, options with { BatchNorm = BatchNormMode.Eval });
            using VectorBlock theta = Block(device, precision, parameters, 1);
            using VectorBlock v = Block(device, precision, vectors, Vectors);
            LinearizationPoint point = objective.Linearize(theta);
            compare("loss", [plain.Loss], [point.Loss]);
            compare("sample losses", losses, point.SampleLosses.ToArray());
            compare("gradient", gradient, point.Gradient.ToArray());
            compare("Hessian products", hessian, Multiply(point, ProductKind.Hessian, v));
            compare("Hessian products, one at a time", hessian, Singles(point, ProductKind.Hessian, v));
            compare("Gauss-Newton products", gaussNewton, Multiply(point, ProductKind.GaussNewton, v));
            compare("Gauss-Newton products, one at a time", gaussNewton, Singles(point, ProductKind.GaussNewton, v));
            compare("sample slopes", slopes, point.SampleSlopes(v));
            compare("sample curvatures", curvatures, point.SampleCurvatures(v));
            compare("outputs", plain.Outputs, objective.Outputs(theta));
        }
    }

    /// <summary>Products into a block that was full of NaN.</summary>
    public static double[] Multiply(LinearizationPoint point, ProductKind kind, VectorBlock vectors)
    {
        using var products = new VectorBlock(vectors.Device, vectors.Precision, vectors.Count, vectors.Length);
        double[] poison = new double[vectors.Count * vectors.Length];
        Array.Fill(poison, double.NaN);
        products.CopyFrom(poison);
        point.Multiply(kind, vectors, products);
        return products.ToArray();
    }

    /// <summary>The same products, each vector for itself.</summary>
    public static double[] Singles(LinearizationPoint point, ProductKind kind, VectorBlock vectors) =>
        [.. Enumerable.Range(0, vectors.Count).SelectMany(j => Multiply(point, kind, vectors.Rows(j, 1)))];

    /// <summary>Host values as vectors on a device.</summary>
    public static VectorBlock Block(Device device, Precision precision, double[] values, int count)
    {
        var block = new VectorBlock(device, precision, count, values.Length / count);
        block.CopyFrom(values);
        return block;
    }
}
