using System.Numerics.Tensors;
using OpposingSignals.Devices;

namespace OpposingSignals.Tests.Support;

/// <summary>
/// Operators along a synthetic training run: a bulk in [−0.1, 0.2], outliers whose eigenvectors turn with the
/// parameters by a given angle per step, into each other and into the bulk, through smooth drift, a period-two
/// oscillation and noise.
/// </summary>
public sealed class OperatorSequence
{
    private const int Dimension = 2000;
    private const int Coordinates = 12;

    private readonly Random _random;
    private readonly double[] _outliers;
    private readonly double[][] _base;
    private readonly double[][][] _fields;
    private readonly double[] _bulk;
    private readonly double[] _velocity = new double[Coordinates];
    private readonly double[] _position = new double[Coordinates];
    private readonly double _drift, _oscillation, _noise, _crossing;
    private int _step;

    /// <summary>Makes a sequence.</summary>
    /// <param name="second">Second eigenvalue; the first is 1.</param>
    /// <param name="drift">Turn per step by smooth drift, in radians.</param>
    /// <param name="oscillation">Turn per step by the period-two part, in radians.</param>
    /// <param name="noise">Turn per step by independent noise, in radians.</param>
    /// <param name="crossing">Change per step of the second eigenvalue.</param>
    /// <param name="seed">Seed.</param>
    public OperatorSequence(
        double second, double drift, double oscillation, double noise, double crossing = 0, int seed = 1)
    {
        (_drift, _oscillation, _noise, _crossing) = (drift, oscillation, noise, crossing);
        _random = new Random(seed);
        _outliers = [1, second, 0.8, 0.6, 0.5, 0.4, 0.35, 0.3, -0.25];
        _base = Orthonormal([.. _outliers.Select(_ => Direction(Dimension))]);
        _bulk = [.. Enumerable.Range(0, Dimension).Select(i => -0.1 + (0.3 * i / (Dimension - 1)))];

        // Field f turns outlier i towards fields[f][i], half of it inside the outliers' space, half in the bulk.
        _fields = [.. Enumerable.Range(0, 2 * Coordinates).Select(_ => _outliers.Select((_, i) =>
        {
            double[] into = Direction(Dimension), mixed = new double[Dimension];
            double[] weights = Direction(_outliers.Length);
            for (int j = 0; j < _outliers.Length; j++)
            {
                TensorPrimitives.MultiplyAdd(_base[j], weights[j], mixed, mixed);
            }

            TensorPrimitives.Add(into, mixed, into);
            TensorPrimitives.Divide(into, Math.Sqrt(2), into);
            return into;
        }).ToArray())];
    }

    /// <summary>The parameters of the last operator: coordinates in the first places, zero elsewhere.</summary>
    public double[] Parameters { get; } = new double[Dimension];

    /// <summary>Moves one step and returns the operator there.</summary>
    public MovingOperator Next(Device device, Precision precision)
    {
        for (int f = 0; f < Coordinates; f++)
        {
            // An autocorrelation of 0.9 makes the drift smooth over about ten steps.
            _velocity[f] = (0.9 * _velocity[f]) + (Math.Sqrt(0.19) * Normal());
            _position[f] += _drift * _velocity[f] / Math.Sqrt(Coordinates);
        }

        double sign = _step % 2 == 0 ? 0.5 : -0.5;
        for (int f = 0; f < Coordinates; f++)
        {
            Parameters[f] = _position[f] + (_noise * Normal() / Math.Sqrt(Coordinates));
        }

        // The oscillation grows and shrinks slowly, as at the edge of stability.
        Parameters[0] += sign * _oscillation * (1 + (0.5 * Math.Sin(_step / 7.0)));
        double[][] vectors = [.. _base.Select(v => (double[])v.Clone())];
        for (int f = 0; f < Coordinates; f++)
        {
            // The second field of a coordinate makes the eigenvectors a curved function of the parameters.
            double curved = 1 - Math.Cos(3 * Parameters[f]);
            for (int i = 0; i < vectors.Length; i++)
            {
                TensorPrimitives.MultiplyAdd(_fields[f][i], Parameters[f], vectors[i], vectors[i]);
                TensorPrimitives.MultiplyAdd(_fields[Coordinates + f][i], curved, vectors[i], vectors[i]);
            }
        }

        double[] outliers = [.. _outliers];
        outliers[1] += _crossing * _step;
        _step++;
        return new MovingOperator(device, precision, outliers, Orthonormal(vectors), _bulk);
    }

    private static double[][] Orthonormal(double[][] vectors)
    {
        for (int i = 0; i < vectors.Length; i++)
        {
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    TensorPrimitives.MultiplyAdd(
                        vectors[j], -TensorPrimitives.Dot(vectors[j], vectors[i]), vectors[i], vectors[i]);
                }
            }

            TensorPrimitives.Divide(vectors[i], TensorPrimitives.Norm<double>(vectors[i]), vectors[i]);
        }

        return vectors;
    }

    private double[] Direction(int length)
    {
        double[] direction = [.. Enumerable.Range(0, length).Select(_ => Normal())];
        TensorPrimitives.Divide(direction, TensorPrimitives.Norm<double>(direction), direction);
        return direction;
    }

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
