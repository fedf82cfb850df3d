using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>Samples of one group, each with the side (+1 or −1) on which it stands.</summary>
internal sealed record FoldedGroup(int[] Members, double[] Signs);

/// <summary>How alike chosen samples are in their trajectories along the tracked directions.</summary>
/// <remarks>
/// Two cosines over all steps and directions: of the midpoint slopes, positive where two losses move together and
/// negative where they oppose each other, and of the roots of |curvature|, which shows the feature that two samples
/// respond to, whichever way their labels pull. Samples of a pair agree in both, the first up to its sign.
/// </remarks>
internal sealed class TrajectoryAffinity
{
    private readonly double[,] _slopes;
    private readonly double[,] _responses;
    private readonly double[,] _changes;

    /// <summary>Compares samples.</summary>
    /// <param name="window">The changes along the directions.</param>
    /// <param name="alternating">
    /// The loss changes, freed of drift; they pair camps whose slopes point in different directions.
    /// </param>
    /// <param name="samples">Which samples.</param>
    public TrajectoryAffinity(DirectionalWindow window, ChangeWindow alternating, int[] samples)
    {
        Samples = samples;
        var trajectories = samples.Select(window.Trajectory).ToArray();
        _slopes = Cosines([.. trajectories.Select(t => t.MidpointSlopes)]);
        _responses = Cosines([.. trajectories.Select(t => t.Responses)]);
        _changes = Cosines([.. samples.Select(alternating.Trajectory)]);
    }

    /// <summary>Index in the data set of each sample.</summary>
    public int[] Samples { get; }

    /// <summary>
    /// (1 − ½ (|slope cosine| + response cosine))^½: 0 for equal shapes, 1 for samples that share nothing.
    /// </summary>
    public double[,] Distances()
    {
        int count = Samples.Length;
        double[,] distances = new double[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < i; k++)
            {
                double likeness = 0.5 * (Math.Abs(_slopes[i, k]) + _responses[i, k]);
                distances[i, k] = distances[k, i] = Math.Sqrt(Math.Max(0, 1 - likeness));
            }
        }

        return distances;
    }

    /// <summary>
    /// Splits samples into the two sides that oppose each other most: signs of the leading eigenvector of the slope
    /// cosines.
    /// </summary>
    public FoldedGroup Fold(IReadOnlyList<int> members) => Fold(_slopes, members);

    /// <summary>
    /// Half the sum of |slope cosine| and response cosine of two groups' means, the first folded to one side.
    /// </summary>
    public double Likeness(FoldedGroup a, FoldedGroup b) =>
        0.5 * (Math.Abs(MeanCosine(_slopes, a, b)) + ResponseCosine(a, b));

    /// <summary>Cosine of two groups' mean responses: near 1 if they respond to the same feature.</summary>
    public double ResponseCosine(FoldedGroup a, FoldedGroup b) => MeanCosine(_responses, Unsigned(a), Unsigned(b));

    /// <summary>
    /// Both groups as one. Their alternating loss changes say on which side each stands; where these do not tell, they
    /// split the samples anew.
    /// </summary>
    public FoldedGroup Join(FoldedGroup a, FoldedGroup b)
    {
        int[] members = [.. a.Members, .. b.Members];
        double cosine = MeanCosine(_changes, a, b);
        return Math.Abs(cosine) < 0.5
            ? Fold(_changes, members)
            : new FoldedGroup(members, [.. a.Signs.Select(sign => cosine < 0 ? -sign : sign), .. b.Signs]);
    }

    /// <summary>Cosine of a sample's slopes with a group's folded mean; positive on the side with sign +1.</summary>
    public double SlopeCosine(int sample, FoldedGroup group) =>
        MeanCosine(_slopes, new FoldedGroup([sample], [1]), group);

    private static FoldedGroup Fold(double[,] cosines, IReadOnlyList<int> members)
    {
        double[] vector = [.. members.Select(i => cosines[i, members[0]])];
        double[] next = new double[members.Count];
        for (int iteration = 0; iteration < 30; iteration++)
        {
            for (int i = 0; i < next.Length; i++)
            {
                next[i] = 0;
                for (int k = 0; k < next.Length; k++)
                {
                    next[i] += cosines[members[i], members[k]] * vector[k];
                }
            }

            double norm = TensorPrimitives.Norm<double>(next);
            if (norm > 0)
            {
                TensorPrimitives.Divide(next, norm, vector);
            }
        }

        return new FoldedGroup([.. members], [.. vector.Select(v => v < 0 ? -1.0 : 1.0)]);
    }

    private static FoldedGroup Unsigned(FoldedGroup group) =>
        group with { Signs = [.. Enumerable.Repeat(1.0, group.Members.Length)] };

    // ⟨ā, b̄⟩ / (|ā||b̄|) with the means of signed unit vectors, all from the table of cosines.
    private static double MeanCosine(double[,] cosines, FoldedGroup a, FoldedGroup b)
    {
        double product = Product(cosines, a, b);
        return product == 0 ? 0 : product / Math.Sqrt(Product(cosines, a, a) * Product(cosines, b, b));
    }

    private static double Product(double[,] cosines, FoldedGroup a, FoldedGroup b)
    {
        double sum = 0;
        for (int i = 0; i < a.Members.Length; i++)
        {
            for (int k = 0; k < b.Members.Length; k++)
            {
                sum += a.Signs[i] * b.Signs[k] * cosines[a.Members[i], b.Members[k]];
            }
        }

        return sum;
    }

    private static double[,] Cosines(float[][] vectors)
    {
        double[,] cosines = new double[vectors.Length, vectors.Length];
        foreach (float[] vector in vectors)
        {
            float norm = TensorPrimitives.Norm<float>(vector);
            if (norm > 0)
            {
                TensorPrimitives.Divide(vector, norm, vector);
            }
        }

        for (int i = 0; i < vectors.Length; i++)
        {
            cosines[i, i] = 1;
            for (int k = 0; k < i; k++)
            {
                cosines[i, k] = cosines[k, i] = TensorPrimitives.Dot<float>(vectors[i], vectors[k]);
            }
        }

        return cosines;
    }
}
