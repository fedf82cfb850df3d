using OpposingSignals.Devices;

namespace OpposingSignals.Curvature;

/// <summary>
/// Reproducible directions from the standard normal distribution, which prefers no direction of space.
/// </summary>
internal sealed class RandomVectors(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>
    /// Fills a block with independent normal numbers, drawn on the host so that every device gets the same.
    /// </summary>
    public void Fill(VectorBlock block)
    {
        // One row at a time bounds the host memory by one vector.
        double[] values = new double[checked((int)block.Length)];
        for (int row = 0; row < block.Count; row++)
        {
            for (int i = 0; i < values.Length; i += 2)
            {
                // Box and Muller 1958; 1 − U lies in (0, 1], so that the logarithm is finite.
                double radius = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble()));
                (double sine, double cosine) = Math.SinCos(2 * Math.PI * _random.NextDouble());
                values[i] = radius * cosine;
                if (i + 1 < values.Length)
                {
                    values[i + 1] = radius * sine;
                }
            }

            block.Rows(row, 1).CopyFrom(values);
        }
    }
}
