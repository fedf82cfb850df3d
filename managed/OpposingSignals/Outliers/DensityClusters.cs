namespace OpposingSignals.Outliers;

/// <summary>
/// Density-based clusters of points with known distances, in a number that is not given in advance: the leaves of the
/// condensed hierarchy of HDBSCAN (Campello, Moulavi, Sander 2013).
/// </summary>
internal static class DensityClusters
{
    /// <summary>Distances to this many neighbours, the point itself not counted, tell the density.</summary>
    private const int Neighbours = 5;

    /// <summary>The densest clusters; points between them belong to none.</summary>
    /// <param name="distance">Symmetric [n, n], zero on the diagonal.</param>
    /// <param name="minimumSize">Points that a cluster needs.</param>
    /// <returns>
    /// Members of each cluster, ascending; all points where the hierarchy does not split; none for too few points.
    /// </returns>
    public static List<int>[] Leaves(double[,] distance, int minimumSize)
    {
        int count = distance.GetLength(0);
        if (count < minimumSize)
        {
            return [];
        }

        var merges = new Merges(count);
        foreach ((int a, int b) in SpanningTree(distance))
        {
            merges.Join(a, b);
        }

        var leaves = new List<List<int>>();
        Collect(merges, merges.Root, minimumSize, leaves);
        return [.. leaves.OrderBy(leaf => leaf[0])];
    }

    // Follows a cluster down while it only sheds points, and branches where both parts are clusters.
    private static void Collect(Merges merges, int node, int minimumSize, List<List<int>> leaves)
    {
        int top = node;
        while (merges.Children(node) is var (left, right))
        {
            bool leftHolds = merges.Size(left) >= minimumSize, rightHolds = merges.Size(right) >= minimumSize;
            if (leftHolds && rightHolds)
            {
                Collect(merges, left, minimumSize, leaves);
                Collect(merges, right, minimumSize, leaves);
                return;
            }

            if (!leftHolds && !rightHolds)
            {
                break;
            }

            node = leftHolds ? left : right;
        }

        leaves.Add(merges.Members(top));
    }

    // Prim's algorithm on mutual reachability distances max(core(a), core(b), d(a, b)); edges from short to long.
    private static (int A, int B)[] SpanningTree(double[,] distance)
    {
        int count = distance.GetLength(0);
        double[] core = [.. Enumerable.Range(0, count).Select(i => CoreDistance(distance, i))];
        double[] nearest = new double[count];
        int[] parent = new int[count];
        bool[] inTree = new bool[count];
        Array.Fill(nearest, double.PositiveInfinity);
        var edges = new List<(double Length, int A, int B)>();
        int current = 0;
        for (int added = 1; added < count; added++)
        {
            inTree[current] = true;
            int next = -1;
            for (int i = 0; i < count; i++)
            {
                if (inTree[i])
                {
                    continue;
                }

                double length = Math.Max(distance[current, i], Math.Max(core[current], core[i]));
                if (length < nearest[i])
                {
                    (nearest[i], parent[i]) = (length, current);
                }

                if (next < 0 || nearest[i] < nearest[next])
                {
                    next = i;
                }
            }

            edges.Add((nearest[next], parent[next], next));
            current = next;
        }

        return [.. edges.OrderBy(edge => edge.Length).Select(edge => (edge.A, edge.B))];
    }

    private static double CoreDistance(double[,] distance, int point)
    {
        double[] row = new double[distance.GetLength(0)];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = distance[point, i];
        }

        Array.Sort(row);
        return row[Math.Min(Neighbours, row.Length - 1)];
    }

    /// <summary>The single-linkage tree: nodes below n are points, each later one joins two.</summary>
    private sealed class Merges(int points)
    {
        private readonly int[] _leader = [.. Enumerable.Range(0, (2 * points) - 1)];
        private readonly int[] _size = [.. Enumerable.Repeat(1, (2 * points) - 1)];
        private readonly List<(int Left, int Right)> _children = [];

        public int Root => points + _children.Count - 1;

        public int Size(int node) => _size[node];

        public (int Left, int Right)? Children(int node) => node < points ? null : _children[node - points];

        public void Join(int a, int b)
        {
            (int left, int right, int node) = (Leader(a), Leader(b), points + _children.Count);
            _leader[left] = _leader[right] = node;
            _size[node] = _size[left] + _size[right];
            _children.Add((left, right));
        }

        public List<int> Members(int node)
        {
            var members = new List<int>();
            var open = new Stack<int>([node]);
            while (open.TryPop(out int next))
            {
                if (Children(next) is var (left, right))
                {
                    open.Push(left);
                    open.Push(right);
                }
                else
                {
                    members.Add(next);
                }
            }

            members.Sort();
            return members;
        }

        private int Leader(int node)
        {
            while (_leader[node] != node)
            {
                node = _leader[node] = _leader[_leader[node]];
            }

            return node;
        }
    }
}
