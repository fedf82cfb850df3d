using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>A trajectory u that samples follow with either sign, and the samples.</summary>
/// <param name="Trajectory">Unit vector [T] of zero mean.</param>
/// <param name="Members">Positions in the set of trajectories.</param>
internal sealed record Direction(double[] Trajectory, List<int> Members);

/// <summary>Finds the directions that trajectories share.</summary>
internal static class Directions
{
    private const int Refinements = 4;

    // A trajectory of which the shared dimensions hold less than this share cannot be placed by its shape in them.
    private const double LeastShared = 0.2;

    public static List<Direction> Find(TrajectorySet set, GroupFinderOptions options)
    {
        double[][] units = [.. Enumerable.Range(0, set.Samples.Length).Select(set.Unit)];
        double[][] coordinates = SharedShapes.Coordinates(units);
        if (coordinates[0].Length == 0)
        {
            return [];
        }

        int[] shared = [.. Enumerable.Range(0, coordinates.Length)
            .Where(i => TensorPrimitives.SumOfSquares<double>(coordinates[i]) >= LeastShared)];
        List<Direction> directions = [.. AverageLinkage.Cluster(Similarity(coordinates, shared), options.SameDirection)
            .Where(cluster => cluster.Count >= options.MinimumCamp)
            .Select(cluster => Fit(set, [.. cluster.Select(i => shared[i])]))];
        for (int i = 0; i < Refinements; i++)
        {
            directions = Reassign(set, JoinAlike(set, directions, options.SameDirection), options);
        }

        return directions;
    }

    private static double[,] Similarity(double[][] coordinates, int[] chosen)
    {
        double[,] similarity = new double[chosen.Length, chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double cosine =
                    TensorPrimitives.CosineSimilarity<double>(coordinates[chosen[i]], coordinates[chosen[j]]);
                similarity[i, j] = similarity[j, i] = Math.Abs(cosine);
            }
        }

        return similarity;
    }

    // Leading singular vector of the members' trajectories by power iteration, from the largest of them. One singular
    // value stands out in a cluster of one shape, so that a few iterations suffice.
    private static Direction Fit(TrajectorySet set, List<int> members)
    {
        double[] trajectory = set.Unit(members[0]);
        double[] next = new double[set.Steps];
        for (int iteration = 0; iteration < 8; iteration++)
        {
            Array.Clear(next);
            foreach (int i in members)
            {
                TensorPrimitives.MultiplyAdd(set.Centred(i), set.Projection(i, trajectory), next, next);
            }

            TensorPrimitives.Divide(next, TensorPrimitives.Norm<double>(next), trajectory);
        }

        return new Direction(trajectory, members);
    }

    private static List<Direction> JoinAlike(TrajectorySet set, List<Direction> directions, double cut)
    {
        var joined = new List<Direction>();
        foreach (Direction direction in directions)
        {
            int alike = joined.FindIndex(
                other => Math.Abs(TensorPrimitives.Dot<double>(other.Trajectory, direction.Trajectory)) >= cut);
            if (alike < 0)
            {
                joined.Add(direction);
                continue;
            }

            List<int> members = [.. joined[alike].Members, .. direction.Members];
            members.Sort();
            joined[alike] = Fit(set, members);
        }

        return joined;
    }

    private static List<Direction> Reassign(TrajectorySet set, List<Direction> directions, GroupFinderOptions options)
    {
        List<int>[] members = [.. directions.Select(_ => new List<int>())];
        for (int i = 0; i < set.Samples.Length; i++)
        {
            int best = -1;
            double correlation = options.MemberCorrelation;
            for (int k = 0; k < directions.Count; k++)
            {
                double candidate = Math.Abs(set.Correlation(i, directions[k].Trajectory));
                if (candidate >= correlation)
                {
                    (best, correlation) = (k, candidate);
                }
            }

            if (best >= 0)
            {
                members[best].Add(i);
            }
        }

        return [.. members.Where(m => m.Count >= options.MinimumCamp).Select(m => Fit(set, m))];
    }
}
