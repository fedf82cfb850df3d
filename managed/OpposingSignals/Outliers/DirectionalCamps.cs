namespace OpposingSignals.Outliers;

/// <summary>Makes camps and pairs of the groups of <see cref="DirectionalGroupFinder"/>.</summary>
/// <param name="affinity">The candidates.</param>
/// <param name="changes">The loss changes as they are.</param>
/// <param name="alternating">The loss changes, freed of drift.</param>
/// <param name="movements">How far each sample's loss moves along the directions.</param>
/// <param name="options">Thresholds.</param>
internal sealed class DirectionalCamps(
    TrajectoryAffinity affinity, ChangeWindow changes, ChangeWindow alternating, double[] movements,
    GroupFinderOptions options)
{
    // Response cosine of a member with its group; that of unrelated samples lies around one half.
    private const double MemberResponse = 0.7;

    private readonly CampMeasures _alternating = new(alternating);

    private readonly CampMeasures _measures = new(changes);

    /// <summary>Camps without an opponent.</summary>
    public List<SampleGroup> Unpaired { get; } = [];

    /// <summary>The pair of a group; null where one side is missing or the two do not oppose each other.</summary>
    public OpposingPair? Pair(FoldedGroup group)
    {
        SampleGroup? a = Camp(group, 1), b = Camp(group, -1);
        OpposingPair? pair = a is null || b is null ? null
            : a.Alternation >= b.Alternation ? _alternating.Pair(a, b, options.MaximumOpposition)
            : _alternating.Pair(b, a, options.MaximumOpposition);
        if (pair is null)
        {
            Unpaired.AddRange(new[] { a, b }.OfType<SampleGroup>());
        }

        return pair;
    }

    private SampleGroup? Camp(FoldedGroup group, int sign)
    {
        (int Sample, double Cosine)[] members = [.. group.Members
            .Where((i, at) => group.Signs[at] == sign
                && affinity.ResponseCosine(new FoldedGroup([i], [1]), group) >= MemberResponse)
            .Select(i => (Sample: affinity.Samples[i], Cosine: Math.Abs(affinity.SlopeCosine(i, group))))
            .OrderByDescending(member => movements[member.Sample]).ThenBy(member => member.Sample)];
        if (members.Length < options.MinimumCamp)
        {
            return null;
        }

        int[] samples = [.. members.Select(member => member.Sample)];
        return new SampleGroup
        {
            Indices = [.. samples],
            Strengths = [.. samples.Select(sample => movements[sample])],
            Correlations = [.. members.Select(member => member.Cosine)],
            Alternation = _measures.Alternation(_measures.MeanChanges(samples)),
            EnergyShare = _measures.EnergyShare(samples),
        };
    }
}
