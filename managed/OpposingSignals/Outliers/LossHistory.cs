using System.Collections.Immutable;
using System.Numerics.Tensors;
using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>
/// The losses of every sample at a bounded number of steps: the whole run thinned, and a window of the latest steps in
/// full. Memory does not depend on the number of steps.
/// </summary>
/// <remarks>
/// The thinned part keeps pairs of consecutive observations k, k + 1 with k a multiple of <see cref="Stride"/>. The
/// stride starts at 2, which keeps everything, and doubles whenever the budget is full. Single observations at a stride
/// would alias an oscillation of period 2 to a smooth curve; pairs keep each loss change, and the alternation, visible.
/// </remarks>
public sealed class LossHistory
{
    private const string LayoutKey = "layout";
    private const string ThinnedStepsKey = "thinned_steps";
    private const string ThinnedOrdinalsKey = "thinned_ordinals";
    private const string ThinnedLossesKey = "thinned_losses";
    private const string WindowStepsKey = "window_steps";
    private const string WindowLossesKey = "window_losses";

    private readonly List<Row> _thinned = [];
    private readonly List<Row> _window = [];
    private readonly Stack<float[]> _spare = [];
    private readonly int _capacity;
    private long _observed;
    private int _oldest;

    /// <summary>An empty history.</summary>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="budgetBytes">
    /// Memory for losses, 4 bytes each, both parts together; at most 2 GiB. It must hold the losses of 8 steps.
    /// </param>
    /// <param name="window">
    /// Latest steps W kept in full, at least 2; they get no more than half the budget.
    /// </param>
    /// <exception cref="ArgumentException">The budget does not hold 8 steps.</exception>
    public LossHistory(int samples, long budgetBytes = 32 << 20, int window = 256)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(budgetBytes, int.MaxValue);
        long rows = budgetBytes / sizeof(float) / samples;
        if (rows < 8)
        {
            throw new ArgumentException(
                $"{budgetBytes} bytes hold the losses of {samples} samples at {rows} steps; give at least {32L * samples} bytes.",
                nameof(budgetBytes));
        }

        Samples = samples;
        WindowCapacity = (int)Math.Min(window, rows / 2);
        _capacity = (int)(rows - WindowCapacity) & ~1;
    }

    private LossHistory(int samples, int windowCapacity, int capacity, long stride, long observed)
    {
        Samples = samples;
        WindowCapacity = windowCapacity;
        _capacity = capacity;
        Stride = stride;
        _observed = observed;
    }

    /// <summary>Number of samples N.</summary>
    public int Samples { get; }

    /// <summary>Largest number of latest observations kept in full.</summary>
    public int WindowCapacity { get; }

    /// <summary>The thinned part keeps the observations k with k mod stride 0 or 1.</summary>
    public long Stride { get; private set; } = 2;

    /// <summary>Steps whose losses are at hand: thinned ones first, then the latest in full.</summary>
    public int Count => ThinnedBeforeWindow + _window.Count;

    /// <summary>Bytes of losses held now.</summary>
    public long Bytes => (long)(_thinned.Count + _window.Count + _spare.Count) * Samples * sizeof(float);

    // Thinned rows that are also in the window are shown once. Both lists ascend, so the rest is a prefix.
    private int ThinnedBeforeWindow
    {
        get
        {
            int count = _thinned.Count;
            while (count > 0 && _window.Count > 0 && _thinned[count - 1].Ordinal >= WindowRow(0).Ordinal)
            {
                count--;
            }

            return count;
        }
    }

    /// <summary>Takes the losses at a step.</summary>
    /// <param name="step">The step; later than all before.</param>
    /// <param name="losses">The loss of every sample, in the same order each time.</param>
    /// <exception cref="ArgumentException">Another number of losses than samples, or a step out of order.</exception>
    public void Observe(long step, ReadOnlySpan<float> losses)
    {
        if (losses.Length != Samples)
        {
            throw new ArgumentException($"{losses.Length} losses given for {Samples} samples.", nameof(losses));
        }

        if (_window.Count > 0 && step <= WindowRow(_window.Count - 1).Step)
        {
            throw new ArgumentException(
                $"Step {step} comes after step {WindowRow(_window.Count - 1).Step}; give each step once, in order.",
                nameof(step));
        }

        AddToWindow(step, losses);
        if (IsKept(_observed) && _thinned.Count == _capacity)
        {
            Thin();
        }

        if (IsKept(_observed))
        {
            _thinned.Add(NewRow(step, losses));
        }

        _observed++;
    }

    /// <summary>Takes the losses at a step, rounded to float32.</summary>
    /// <inheritdoc cref="Observe(long, ReadOnlySpan{float})"/>
    public void Observe(long step, ReadOnlySpan<double> losses)
    {
        float[] rounded = new float[losses.Length];
        TensorPrimitives.ConvertTruncating(losses, rounded.AsSpan());
        Observe(step, rounded);
    }

    /// <summary>The step of a row; rows ascend from 0 to <see cref="Count"/> − 1.</summary>
    public long StepAt(int row) => At(row).Step;

    /// <summary>The losses of all samples at a row; valid until the next observation.</summary>
    public ReadOnlySpan<float> LossesAt(int row) => At(row).Losses;

    /// <summary>The row of a step; null where its losses are not at hand.</summary>
    public int? RowOf(long step)
    {
        int row = Enumerable.Range(0, Count).LastOrDefault(candidate => StepAt(candidate) == step, -1);
        return row < 0 ? null : row;
    }

    /// <summary>The mean loss of a set of samples at every row.</summary>
    /// <param name="samples">Sample indices; at least one.</param>
    /// <returns><see cref="Count"/> means, accumulated in float64; NaN or infinite where a loss is.</returns>
    /// <exception cref="ArgumentException">The set is empty.</exception>
    public double[] MeanLosses(ReadOnlySpan<int> samples)
    {
        if (samples.IsEmpty)
        {
            throw new ArgumentException("The mean loss of no samples is undefined.", nameof(samples));
        }

        double[] means = new double[Count];
        for (int row = 0; row < means.Length; row++)
        {
            ReadOnlySpan<float> losses = LossesAt(row);
            foreach (int sample in samples)
            {
                means[row] += losses[sample];
            }

            means[row] /= samples.Length;
        }

        return means;
    }

    /// <summary>
    /// The one-step loss changes at every step in a range for which the losses at the step and at the one before it are
    /// at hand. Within the window of latest steps, and before the budget is full, that is every step.
    /// </summary>
    public ChangeWindow Changes(long firstStep = long.MinValue, long lastStep = long.MaxValue)
    {
        var rows = new List<int>();
        for (int row = 1; row < Count; row++)
        {
            long step = StepAt(row);
            if (step >= firstStep && step <= lastStep && StepAt(row - 1) == step - 1)
            {
                rows.Add(row);
            }
        }

        float[] changes = new float[checked(rows.Count * Samples)];
        float[] resolution = new float[Samples];
        for (int t = 0; t < rows.Count; t++)
        {
            TensorPrimitives.Subtract(LossesAt(rows[t]), LossesAt(rows[t] - 1), changes.AsSpan(t * Samples, Samples));
            TensorPrimitives.MaxMagnitudeNumber(resolution, LossesAt(rows[t]), resolution);
        }

        // Two roundings to float32, each by at most half a unit in the last place.
        TensorPrimitives.Abs<float>(resolution, resolution);
        TensorPrimitives.Multiply(resolution, MathF.ScaleB(1, -23), resolution);
        return new ChangeWindow(rows.Select(StepAt).ToImmutableArray(), Samples, changes, resolution);
    }

    /// <summary>
    /// The one-step loss changes from a step on, at the latest steps of which none is missing. These are at least those
    /// of the window of latest steps; before the budget is full they reach back to any step.
    /// </summary>
    public ChangeWindow ChangesSince(long firstStep)
    {
        int row = Count - 1;
        while (row > 0 && StepAt(row - 1) == StepAt(row) - 1 && StepAt(row) > firstStep)
        {
            row--;
        }

        return Changes(row < 0 ? firstStep : Math.Max(firstStep, StepAt(row)));
    }

    /// <summary>
    /// The one-step loss changes of the latest observations, at most <paramref name="maximum"/> steps.
    /// </summary>
    public ChangeWindow LatestChanges(int maximum = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        int taken = (int)Math.Min(_window.Count - 1L, maximum);
        return taken < 1 ? Changes(firstStep: long.MaxValue)
            : Changes(firstStep: WindowRow(_window.Count - taken).Step);
    }

    /// <summary>
    /// The complete state as arrays: <c>layout</c> (int64: N, W, capacity of the thinned part, stride, observations),
    /// and for each part the steps (int64) and the losses (float32, a row per step).
    /// </summary>
    public IReadOnlyDictionary<string, HostTensor> Save()
    {
        Row[] window = [.. Enumerable.Range(0, _window.Count).Select(WindowRow)];
        return new Dictionary<string, HostTensor>
        {
            [LayoutKey] = HostTensor.From<long>([Samples, WindowCapacity, _capacity, Stride, _observed], 5),
            [ThinnedStepsKey] = Column(_thinned, row => row.Step),
            [ThinnedOrdinalsKey] = Column(_thinned, row => row.Ordinal),
            [ThinnedLossesKey] = Matrix(_thinned),
            [WindowStepsKey] = Column(window, row => row.Step),
            [WindowLossesKey] = Matrix(window),
        };
    }

    /// <summary>A history that continues a saved one: everything it holds later is bitwise the same.</summary>
    /// <exception cref="ArgumentException">The state is incomplete or contradicts itself.</exception>
    public static LossHistory Restore(IReadOnlyDictionary<string, HostTensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        ReadOnlySpan<long> layout = StateReader.Read<long>(state, LayoutKey, 5);
        (long samples, long windowCapacity, long capacity, long stride, long observed) =
            (layout[0], layout[1], layout[2], layout[3], layout[4]);
        if (samples is < 1 or > int.MaxValue || windowCapacity is < 2 or > int.MaxValue
            || capacity is < 4 or > int.MaxValue ||
            stride < 2 || !long.IsPow2(stride) || observed < 0)
        {
            throw new ArgumentException(
                $"The layout of the saved history is impossible: [{string.Join(", ", layout.ToArray())}].",
                nameof(state));
        }

        var history = new LossHistory((int)samples, (int)windowCapacity, (int)capacity, stride, observed);
        long thinned = state.TryGetValue(ThinnedStepsKey, out HostTensor? steps) ? steps.Count : -1;
        long latest = Math.Min(observed, windowCapacity);
        if (thinned > capacity)
        {
            throw new ArgumentException(
                $"The saved history holds {thinned} thinned steps of at most {capacity}.", nameof(state));
        }

        ReadOnlySpan<long> ordinals = StateReader.Read<long>(state, ThinnedOrdinalsKey, thinned);
        history.Fill(history._thinned, state, ThinnedStepsKey, ThinnedLossesKey, ordinals);
        long[] windowOrdinals = [.. Enumerable.Range(0, (int)latest).Select(i => observed - latest + i)];
        history.Fill(history._window, state, WindowStepsKey, WindowLossesKey, windowOrdinals);
        return history;
    }

    private void Fill(
        List<Row> rows, IReadOnlyDictionary<string, HostTensor> state, string stepsKey, string lossesKey,
        ReadOnlySpan<long> ordinals)
    {
        ReadOnlySpan<long> steps = StateReader.Read<long>(state, stepsKey, ordinals.Length);
        ReadOnlySpan<float> losses = StateReader.Read<float>(state, lossesKey, (long)ordinals.Length * Samples);
        for (int i = 0; i < ordinals.Length; i++)
        {
            rows.Add(new Row(steps[i], ordinals[i], losses.Slice(i * Samples, Samples).ToArray()));
        }
    }

    private bool IsKept(long ordinal) => ordinal % Stride < 2;

    private Row At(int row)
    {
        int thinned = ThinnedBeforeWindow;
        return row < thinned ? _thinned[row] : WindowRow(row - thinned);
    }

    // The window is a ring: the oldest row is overwritten in place.
    private Row WindowRow(int row) => _window[(_oldest + row) % _window.Count];

    private void AddToWindow(long step, ReadOnlySpan<float> losses)
    {
        if (_window.Count < WindowCapacity)
        {
            _window.Add(NewRow(step, losses));
            return;
        }

        float[] reused = _window[_oldest].Losses;
        losses.CopyTo(reused);
        _window[_oldest] = new Row(step, _observed, reused);
        _oldest = (_oldest + 1) % WindowCapacity;
    }

    private Row NewRow(long step, ReadOnlySpan<float> losses)
    {
        float[] values = _spare.Count > 0 ? _spare.Pop() : new float[Samples];
        losses.CopyTo(values);
        return new Row(step, _observed, values);
    }

    private void Thin()
    {
        Stride *= 2;
        foreach (Row row in _thinned.Where(row => !IsKept(row.Ordinal)))
        {
            _spare.Push(row.Losses);
        }

        _thinned.RemoveAll(row => !IsKept(row.Ordinal));
    }

    private static HostTensor Column(IReadOnlyCollection<Row> rows, Func<Row, long> value) =>
        HostTensor.From<long>([.. rows.Select(value)], rows.Count);

    private HostTensor Matrix(IReadOnlyCollection<Row> rows)
    {
        var matrix = new HostTensor(ElementType.Float32, rows.Count, Samples);
        int offset = 0;
        foreach (Row row in rows)
        {
            row.Losses.CopyTo(matrix.AsSpan<float>()[offset..]);
            offset += Samples;
        }

        return matrix;
    }

    private readonly record struct Row(long Step, long Ordinal, float[] Losses);
}
