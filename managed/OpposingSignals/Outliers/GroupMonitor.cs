using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>
/// Everything about outliers for one training loop: takes the losses of all samples at each step and, where they are
/// measured, their slopes and curvatures along tracked directions; finds opposing groups as the run goes, names and
/// follows them.
/// </summary>
/// <remarks>
/// Memory does not depend on the number of steps. Nothing here needs the rest of the library: spans go in.
/// </remarks>
public sealed class GroupMonitor
{
    // Searches take as long as some steps of a small network; a search at every 64th costs next to nothing.
    private const int SearchInterval = 64;

    /// <summary>A monitor that has seen no step.</summary>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="directions">Directions K tracked; 0 for losses alone.</param>
    public GroupMonitor(int samples, int directions = 0)
    {
        Stream = new SampleStream(samples);
        History = new LossHistory(samples);
        Directions = directions > 0 ? new DirectionalWindow(samples, directions) : null;
    }

    /// <summary>Statistics of every step, and the samples that move most.</summary>
    public SampleStream Stream { get; }

    /// <summary>Losses of every sample at a bounded number of steps.</summary>
    public LossHistory History { get; private set; }

    /// <summary>Loss changes along the directions; null where none are tracked.</summary>
    public DirectionalWindow? Directions { get; }

    /// <summary>The pairs found so far.</summary>
    public PairFollower Pairs { get; } = new();

    /// <summary>Takes the losses at a step, and searches for groups at every 64th.</summary>
    /// <param name="step">The step; later than all before.</param>
    /// <param name="losses">The loss of every sample, in the same order each time.</param>
    public StepSummary Observe(long step, ReadOnlySpan<double> losses)
    {
        StepSummary summary = Stream.Observe(step, losses);
        History.Observe(step, losses);
        if (step > 0 && step % SearchInterval == 0)
        {
            Search();
        }

        return summary;
    }

    /// <summary>
    /// Takes slopes and curvatures along the directions at a step; see <see cref="DirectionalWindow.Observe"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The monitor was made for losses alone.</exception>
    public void ObserveDirections(
        long step, ReadOnlySpan<double> coordinates, ReadOnlySpan<double> slopes, ReadOnlySpan<double> curvatures) =>
        (Directions ?? throw new InvalidOperationException("This monitor was made for losses alone."))
            .Observe(step, coordinates, slopes, curvatures);

    /// <summary>
    /// The pairs as of now: by direction where enough steps are measured (<see cref="DirectionalGroupFinder"/>), else
    /// from the losses alone (<see cref="GroupFinder"/>). Their names are those of <see cref="PairFollower.Current"/>,
    /// in the same order.
    /// </summary>
    public Grouping Search()
    {
        ChangeWindow changes = SearchedChanges();
        Grouping found = HasDirections
            ? DirectionalGroupFinder.Find(Directions!, changes)
            : changes.Steps.Length >= GroupFinder.MinimumSteps ? GroupFinder.Find(changes) : Grouping.None;
        if (Stream.LastStep is { } step)
        {
            Pairs.Observe(step, found.Pairs);
        }

        return found;
    }

    /// <summary>
    /// The loss changes that a search looks at now: over the steps along which directions were measured, so that groups
    /// are found and judged by the same steps, or the latest ones.
    /// </summary>
    public ChangeWindow SearchedChanges() =>
        HasDirections ? History.ChangesSince(Directions!.FirstStep!.Value) : History.LatestChanges();

    /// <summary>The state as arrays with the names of the parts before a dot.</summary>
    public IEnumerable<KeyValuePair<string, HostTensor>> Save() =>
    [
        .. Prefixed("stream.", Stream.Save()),
        .. Prefixed("history.", History.Save()),
        .. Prefixed("directions.", Directions?.Save() ?? new Dictionary<string, HostTensor>()),
        .. Prefixed("pairs.", Pairs.Save()),
    ];

    /// <summary>Returns to a state of <see cref="Save"/>; whatever is observed later gives the same bits.</summary>
    /// <param name="part">The arrays of one part, by its name with the dot.</param>
    /// <exception cref="ArgumentException">The state is incomplete or belongs to other data.</exception>
    public void Restore(Func<string, IReadOnlyDictionary<string, HostTensor>> part)
    {
        ArgumentNullException.ThrowIfNull(part);
        Stream.Restore(part("stream."));
        History = LossHistory.Restore(part("history."));
        Directions?.Restore(part("directions."));
        Pairs.Restore(part("pairs."));
    }

    private bool HasDirections => Directions is { Count: >= DirectionalGroupFinder.MinimumSteps };

    private static IEnumerable<KeyValuePair<string, HostTensor>> Prefixed(
        string prefix, IReadOnlyDictionary<string, HostTensor> state) =>
        state.Select(entry => KeyValuePair.Create(prefix + entry.Key, entry.Value));
}
