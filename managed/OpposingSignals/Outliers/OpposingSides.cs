using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>The samples that move most, from both sides of the axis along which they differ most.</summary>
/// <remarks>
/// Camps balance each other in their sums, not sample by sample: a few aeroplanes whose losses swing far may stand
/// against many pictures of all else before a blue sky, each of which swings little. The samples that move most are
/// then all of one camp, and nothing is found to oppose it.
/// </remarks>
internal static class OpposingSides
{
    // How far down the order of movements the weaker side is looked for, in multiples of the count.
    private const int Reach = 4;

    // Only signs are asked for, and power iteration has these long before the vector.
    private const int Iterations = 8;

    /// <summary>
    /// The samples with the largest movements, half of them from each side or as many as there are; largest first, ties
    /// by index.
    /// </summary>
    /// <param name="directions">The changes along the directions, over at least one step.</param>
    /// <param name="movements">How far each sample's loss moves along them.</param>
    /// <param name="count">How many samples.</param>
    public static int[] Strongest(DirectionalWindow directions, double[] movements, int count)
    {
        int[] samples =
            [.. Enumerable.Range(0, movements.Length).OrderByDescending(i => movements[i]).Take(Reach * count)];
        float[][] slopes = [.. samples.Select(i => directions.Trajectory(i).MidpointSlopes)];
        float[] axis = LeadingAxis(slopes[..Math.Min(count, slopes.Length)]);
        bool[] isPositive = [.. slopes.Select(slope => TensorPrimitives.Dot<float>(slope, axis) > 0)];
        int[] positive = [.. samples.Where((_, at) => isPositive[at])];
        int[] negative = [.. samples.Where((_, at) => !isPositive[at])];
        int fewer = Math.Min(count / 2, Math.Min(positive.Length, negative.Length));
        return positive.Length < negative.Length
            ? Merged(positive[..fewer], negative)
            : Merged(negative[..fewer], positive);

        int[] Merged(int[] weaker, int[] stronger) =>
            [.. weaker.Concat(stronger.Take(count - fewer)).OrderByDescending(i => movements[i]).ThenBy(i => i)];
    }

    // The leading right singular vector of trajectories [n][TK], largest first; zero where nothing moves.
    private static float[] LeadingAxis(float[][] trajectories)
    {
        float[] axis = [.. trajectories[0]];
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            float norm = TensorPrimitives.Norm<float>(axis);
            if (norm == 0)
            {
                break;
            }

            float[] next = new float[axis.Length];
            foreach (float[] trajectory in trajectories)
            {
                float place = TensorPrimitives.Dot<float>(trajectory, axis) / norm;
                TensorPrimitives.MultiplyAdd(trajectory, place, next, next);
            }

            axis = next;
        }

        return axis;
    }
}
