namespace OpposingSignals.Outliers;

/// <summary>
/// Finds pairs of opposing camps in the loss changes of a window, without being told how many there are.
/// </summary>
/// <remarks>
/// <para>
/// A pair of opposing camps is one direction: the losses of camp A follow u(t), those of camp B −u(t). So trajectories
/// are grouped by absolute correlation first, and each group is then split by sign.
/// </para>
/// <list type="number">
/// <item>Drift is removed: of the loss changes only what alternates from step to step is looked at. Where losses merely
/// fall at different rates there is nothing left to pair.</item>
/// <item>Movers: the samples in the upper tail of the root-mean-square change (robust threshold, capped number).</item>
/// <item>Their trajectories, centred over the window and scaled to unit length, are projected on the eigenvectors that
/// rise above what independent trajectories give; that removes noise without removing amplitude modulation.</item>
/// <item>Average linkage on the absolute cosine of the projections gives the directions.</item>
/// <item>Each direction u is refined as the leading singular vector of its members' trajectories, large changes
/// counting more; directions that agree are joined, and each mover goes to the direction it follows best, if
/// any.</item>
/// <item>The members of a direction are split by sign into two camps; the camps form a pair if both are large enough
/// and their mean changes oppose each other.</item>
/// </list>
/// <para>
/// At the edge of stability all directions oscillate with period 2, so two pairs are told apart by the modulation of
/// their amplitudes. Pairs whose amplitudes rise and fall together are one direction to this method.
/// </para>
/// </remarks>
public static class GroupFinder
{
    /// <summary>Fewest steps of a window; shorter windows cannot tell shapes apart and give no groups.</summary>
    public const int MinimumSteps = 10;

    /// <summary>Finds the camps in a window.</summary>
    /// <param name="window">Loss changes [T, N]; samples with a change that is not finite are left out.</param>
    /// <param name="options">Thresholds; the defaults if null.</param>
    public static Grouping Find(ChangeWindow window, GroupFinderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(window);
        options ??= GroupFinderOptions.Default;
        ChangeWindow alternating = window.WithoutDrift();
        (int[] movers, double threshold) = MoverSelection.Select(alternating, options);
        var camps = new CampBuilder(window, alternating.Steps, options);
        if (window.Steps.Length >= MinimumSteps && movers.Length >= options.MinimumCamp)
        {
            TrajectorySet trajectories = new(alternating, movers);
            foreach (Direction direction in Directions.Find(trajectories, options))
            {
                camps.Add(direction, trajectories);
            }
        }

        return new Grouping
        {
            Pairs = [.. camps.Pairs.OrderByDescending(pair => pair.EnergyShare)],
            Unpaired = [.. camps.Unpaired.OrderByDescending(camp => camp.EnergyShare)],
            Movers = [.. movers],
            MoverThreshold = threshold,
        };
    }
}
