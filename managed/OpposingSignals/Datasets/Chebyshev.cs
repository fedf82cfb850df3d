using OpposingSignals.Tensors;

namespace OpposingSignals.Datasets;

/// <summary>
/// Regression on a Chebyshev polynomial, <c>chebyshev:DEGREE:POINTS</c>: POINTS inputs equally spaced from -1 to 1, and
/// targets T_k(x) with T_0 = 1, T_1 = x, T_{k+1} = 2 x T_k - T_{k-1}. Float64; the test set is the training set, as in
/// the code of Cohen et al. (arXiv 2103.00065).
/// </summary>
public static class Chebyshev
{
    /// <summary>Makes the data set.</summary>
    /// <param name="degree">k, at least 0.</param>
    /// <param name="points">Number of samples, at least 2.</param>
    /// <exception cref="DatasetException">An argument is below its minimum.</exception>
    public static DatasetPair Create(int degree, int points)
    {
        string name = $"chebyshev:{degree}:{points}";
        if (degree < 0 || points < 2 || points > Array.MaxLength / sizeof(double))
        {
            throw new DatasetException(
                $"{name}: the degree must be at least 0 and the points from 2 to {Array.MaxLength / sizeof(double)}.");
        }

        var inputs = new HostTensor(ElementType.Float64, points, 1);
        var targets = new HostTensor(ElementType.Float64, points, 1);
        for (int i = 0; i < points; i++)
        {
            // The last point is exact, as it is in NumPy's linspace.
            double x = i == points - 1 ? 1 : -1 + (i * (2.0 / (points - 1)));
            inputs.AsSpan<double>()[i] = x;
            targets.AsSpan<double>()[i] = Evaluate(degree, x);
        }

        var dataset = new Dataset(name, inputs, targets, 1);
        return new DatasetPair(dataset, dataset, null);
    }

    private static double Evaluate(int degree, double x)
    {
        (double previous, double current) = (x, 1); // T_{-1} = T_1
        for (int k = 0; k < degree; k++)
        {
            (previous, current) = (current, (2 * x * current) - previous);
        }

        return current;
    }
}
