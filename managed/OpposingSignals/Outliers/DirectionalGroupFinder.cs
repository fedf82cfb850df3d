namespace OpposingSignals.Outliers;

/// <summary>
/// Finds pairs of opposing camps from the samples' loss changes split along tracked directions, without being told how
/// many there are, and says how likely chance gives each.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Candidates: the samples that respond to the directions more strongly than chance lets any
/// (<see cref="ExcessTail"/>). Where there are none, as in most natural data, the samples whose losses move most along
/// them, from both sides (<see cref="OpposingSides"/>).</item>
/// <item>Groups: density-based clusters of their trajectories, in which a sample and its opponent are near each
/// other.</item>
/// <item>Fragments that agree in their means are joined; this also pairs a camp with the camp that opposes it.</item>
/// <item>Each group is split by the sign of its slopes into two camps.</item>
/// <item>Two tests against chance: <see cref="PairSignificance"/>.</item>
/// </list>
/// <para>
/// Directions tell pairs apart whose losses oscillate in step, which <see cref="GroupFinder"/>, with loss changes
/// alone, cannot.
/// </para>
/// </remarks>
public static class DirectionalGroupFinder
{
    /// <summary>Fewest measured steps from which trajectories can be compared.</summary>
    public const int MinimumSteps = 8;

    // Candidates that chance may give in the whole data set.
    private const double ExpectedByChance = 0.5;

    // Likeness of two fragments of one pair; those of different planted pairs stay below 0.6, those of one above 0.67.
    private const double SamePair = 0.64;

    // Response cosine of two camps of one pair.
    private const double SameFeature = 0.9;

    /// <summary>Finds the pairs.</summary>
    /// <param name="directions">The changes along the directions.</param>
    /// <param name="changes">The loss changes themselves, over about the same steps.</param>
    /// <param name="options">Thresholds; the defaults if null.</param>
    public static Grouping Find(DirectionalWindow directions, ChangeWindow changes, GroupFinderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(directions);
        ArgumentNullException.ThrowIfNull(changes);
        options ??= GroupFinderOptions.Default;
        if (directions.Samples != changes.Samples)
        {
            throw new ArgumentException(
                $"{directions.Samples} samples do not match {changes.Samples}.", nameof(changes));
        }

        if (directions.Count < MinimumSteps || changes.Steps.Length < 2)
        {
            return Grouping.None;
        }

        double[] responses = directions.Responses(), movements = directions.Movements();
        var tail = new ExcessTail(responses);
        (int[] candidates, double threshold) = Candidates(directions, responses, movements, tail, options);
        ChangeWindow alternating = changes.WithoutDrift();
        var affinity = new TrajectoryAffinity(directions, alternating, candidates);
        List<FoldedGroup> groups =
            [.. DensityClusters.Leaves(affinity.Distances(), 2 * options.MinimumCamp).Select(affinity.Fold)];
        Join(affinity, groups);
        var camps = new DirectionalCamps(affinity, changes, alternating, movements, options);
        groups = PairCamps(affinity, Assign(affinity, groups), options.MinimumCamp);
        List<OpposingPair> pairs = [.. groups.Select(camps.Pair).OfType<OpposingPair>()];
        var significance = new SignificanceTest(alternating, responses, tail, pairs);
        return new Grouping
        {
            Pairs = [.. pairs.Select(pair => pair with { Significance = significance.Of(pair) })
                .OrderByDescending(pair => pair.EnergyShare)],
            Unpaired = [.. camps.Unpaired.OrderByDescending(camp => camp.EnergyShare)],
            Movers = [.. candidates],
            MoverThreshold = threshold,
        };
    }

    private static (int[] Candidates, double Threshold) Candidates(
        DirectionalWindow directions, double[] responses, double[] movements, ExcessTail tail,
        GroupFinderOptions options)
    {
        double threshold = tail.Threshold(ExpectedByChance);
        int[] byResponse = [.. Enumerable.Range(0, responses.Length).Where(i => responses[i] > threshold)];
        if (byResponse.Length < 2 * options.MinimumCamp)
        {
            int share = Math.Min(
                responses.Length, Math.Max(4 * options.MinimumCamp, (int)(options.TailShare * responses.Length)));
            byResponse = OpposingSides.Strongest(directions, movements, share);
        }

        int[] strongest = [.. byResponse.OrderByDescending(i => movements[i]).Take(options.MaximumMovers)];
        return (strongest, strongest.Min(i => movements[i]));
    }

    private static void Join(TrajectoryAffinity affinity, List<FoldedGroup> groups)
    {
        while (groups.Count > 1)
        {
            (double likeness, int a, int b) = (
                from i in Enumerable.Range(0, groups.Count)
                from k in Enumerable.Range(0, i)
                select (affinity.Likeness(groups[i], groups[k]), i, k)).MaxBy(candidate => candidate.Item1);
            if (likeness < SamePair)
            {
                return;
            }

            groups[b] = affinity.Fold([.. groups[b].Members, .. groups[a].Members]);
            groups.RemoveAt(a);
        }
    }

    // Two camps of one pair may differ in more than the sign of their slopes. A group without opponents then looks for
    // the group that responds to the same feature.
    private static List<FoldedGroup> PairCamps(TrajectoryAffinity affinity, List<FoldedGroup> groups, int minimumCamp)
    {
        var open = new Queue<FoldedGroup>(groups.Where(IsOneSided));
        while (open.TryDequeue(out FoldedGroup? camp))
        {
            if (!groups.Contains(camp) || groups.Count < 2)
            {
                continue;
            }

            FoldedGroup other = groups.Where(group => group != camp)
                .MaxBy(group => affinity.ResponseCosine(camp, group))!;
            if (affinity.ResponseCosine(camp, other) < SameFeature)
            {
                continue;
            }

            groups = [.. groups.Where(group => group != camp && group != other), affinity.Join(camp, other)];
        }

        return groups;

        bool IsOneSided(FoldedGroup group) =>
            Math.Min(group.Signs.Count(sign => sign > 0), group.Signs.Count(sign => sign < 0)) < minimumCamp;
    }

    // Every candidate goes to the group that it is most like; two rounds, because the means move.
    private static List<FoldedGroup> Assign(TrajectoryAffinity affinity, List<FoldedGroup> groups)
    {
        for (int round = 0; round < 2 && groups.Count > 0; round++)
        {
            List<int>[] members = [.. groups.Select(_ => new List<int>())];
            for (int i = 0; i < affinity.Samples.Length; i++)
            {
                var single = new FoldedGroup([i], [1]);
                members[Enumerable.Range(0, groups.Count).MaxBy(k => affinity.Likeness(single, groups[k]))].Add(i);
            }

            groups = [.. members.Where(list => list.Count > 0).Select(affinity.Fold)];
        }

        return groups;
    }
}
