namespace OpposingSignals.Outliers;

/// <summary>Hierarchical clustering by average linkage, cut at a similarity.</summary>
internal static class AverageLinkage
{
    /// <summary>
    /// Clusters whose members are joined while the mean similarity between two clusters is at least
    /// <paramref name="cut"/>. Time O(n²) by the nearest-neighbour chain.
    /// </summary>
    /// <param name="similarity">Symmetric [n, n]; overwritten.</param>
    /// <param name="cut">Least mean similarity of two clusters that are joined.</param>
    /// <returns>Members of each cluster, ascending; clusters by their first member.</returns>
    public static List<int>[] Cluster(double[,] similarity, double cut)
    {
        int count = similarity.GetLength(0);
        var members = new List<int>?[count];
        for (int i = 0; i < count; i++)
        {
            members[i] = [i];
        }

        var chain = new Stack<int>();
        var closed = new List<List<int>>();
        while (true)
        {
            if (chain.Count == 0)
            {
                int start = Array.FindIndex(members, m => m is not null);
                if (start < 0)
                {
                    break;
                }

                chain.Push(start);
            }

            int current = chain.Pop();
            int previous = chain.Count > 0 ? chain.Peek() : -1;
            int nearest = Nearest(similarity, members, current, previous);
            if (nearest < 0 || similarity[current, nearest] < cut)
            {
                // Average linkage never brings clusters closer than their nearest neighbours were: this one is
                // complete.
                closed.Add(members[current]!);
                members[current] = null;
                continue;
            }

            if (nearest != previous)
            {
                chain.Push(current);
                chain.Push(nearest);
                continue;
            }

            chain.Pop();
            Join(similarity, members, previous, current);
        }

        foreach (List<int> cluster in closed)
        {
            cluster.Sort();
        }

        return [.. closed.OrderBy(cluster => cluster[0])];
    }

    // Prefers the previous element of the chain among equals, or a chain of ties would not end.
    private static int Nearest(double[,] similarity, List<int>?[] members, int current, int previous)
    {
        int nearest = previous;
        for (int i = 0; i < members.Length; i++)
        {
            if (i != current && members[i] is not null &&
                (nearest < 0 || similarity[current, i] > similarity[current, nearest]))
            {
                nearest = i;
            }
        }

        return nearest;
    }

    private static void Join(double[,] similarity, List<int>?[] members, int into, int from)
    {
        double weightInto = members[into]!.Count, weightFrom = members[from]!.Count;
        for (int i = 0; i < members.Length; i++)
        {
            double mean =
                ((weightInto * similarity[into, i]) + (weightFrom * similarity[from, i])) / (weightInto + weightFrom);
            similarity[into, i] = mean;
            similarity[i, into] = mean;
        }

        members[into]!.AddRange(members[from]!);
        members[from] = null;
    }
}
