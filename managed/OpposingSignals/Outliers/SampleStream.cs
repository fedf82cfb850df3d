using System.Collections.Immutable;
using System.Numerics.Tensors;
using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>
/// Turns the losses of all samples, given once per step, into a <see cref="StepSummary"/> per step. Time O(N) per step
/// and memory O(N), whatever the number of steps.
/// </summary>
public sealed class SampleStream
{
    private const string PreviousKey = "previous";
    private const string StepKey = "step";

    private readonly int _movers;
    private readonly double[] _changes;
    private readonly double[] _scratch;
    private double[] _current;
    private double[] _previous;
    private long? _step;

    /// <summary>
    /// Length of the lists of movers unless another is asked for: that of the lists in the paper's appendix H.
    /// </summary>
    public const int DefaultMovers = 24;

    /// <summary>A stream that has seen no step.</summary>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="movers">
    /// Length K of the lists of risers and of fallers; 24 is the length of the lists in the paper.
    /// </param>
    public SampleStream(int samples, int movers = DefaultMovers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(movers);
        _movers = Math.Min(movers, samples);
        _changes = new double[samples];
        _scratch = new double[samples];
        _current = new double[samples];
        _previous = new double[samples];
    }

    /// <summary>Number of samples N.</summary>
    public int Samples => _changes.Length;

    /// <summary>The last step observed; null before the first.</summary>
    public long? LastStep => _step;

    /// <summary>The summary of the last observed step; null before the first.</summary>
    public StepSummary? Latest { get; private set; }

    /// <summary>Takes the losses at a step.</summary>
    /// <param name="step">
    /// The step; later than all before. Where it does not follow the last one directly, there are no one-step changes.
    /// </param>
    /// <param name="losses">The loss of every sample, in the same order each time.</param>
    /// <exception cref="ArgumentException">Another number of losses than samples, or a step out of order.</exception>
    public StepSummary Observe(long step, ReadOnlySpan<float> losses)
    {
        Require(step, losses.Length);
        TensorPrimitives.ConvertTruncating(losses, _current.AsSpan());
        return Observe(step);
    }

    /// <inheritdoc cref="Observe(long, ReadOnlySpan{float})"/>
    public StepSummary Observe(long step, ReadOnlySpan<double> losses)
    {
        Require(step, losses.Length);
        losses.CopyTo(_current);
        return Observe(step);
    }

    /// <summary>
    /// The state that a continued stream needs: <c>previous</c> (float64 [N]) and <c>step</c> (int64 [1]); empty before
    /// the first step.
    /// </summary>
    public IReadOnlyDictionary<string, HostTensor> Save() => _step is not { } step
        ? []
        : new Dictionary<string, HostTensor>
        {
            [PreviousKey] = HostTensor.From<double>(_previous, Samples),
            [StepKey] = HostTensor.From<long>([step], 1),
        };

    /// <summary>
    /// Continues from a state of <see cref="Save"/>: every later summary is bitwise that of the saved stream.
    /// </summary>
    /// <exception cref="ArgumentException">The state is incomplete or of another number of samples.</exception>
    public void Restore(IReadOnlyDictionary<string, HostTensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        Latest = null;
        _step = null;
        if (state.Count == 0)
        {
            return;
        }

        StateReader.Read<double>(state, PreviousKey, Samples).CopyTo(_previous);
        _step = StateReader.Read<long>(state, StepKey, 1)[0];
    }

    private void Require(long step, int losses)
    {
        if (losses != Samples)
        {
            throw new ArgumentException($"{losses} losses given for {Samples} samples.", nameof(losses));
        }

        if (step <= _step)
        {
            throw new ArgumentException(
                $"Step {step} comes after step {_step}; give each step once, in order.", nameof(step));
        }
    }

    private StepSummary Observe(long step)
    {
        double mean = TensorPrimitives.Sum<double>(_current) / Samples;
        int nonFinite = 0;
        if (!double.IsFinite(mean))
        {
            (mean, nonFinite) = FiniteMean(_current);
        }

        StepSummary summary = new() { Step = step, MeanLoss = mean, NonFinite = nonFinite, Changes = 0 };
        if (step - 1 == _step)
        {
            TensorPrimitives.Subtract(_current, _previous, _changes);
            int count = CopyFinite(_changes, _scratch);
            if (count > 0)
            {
                summary = Describe(summary, _scratch.AsSpan(0, count));
            }
        }

        (_current, _previous) = (_previous, _current);
        _step = step;
        Latest = summary;
        return summary;
    }

    private StepSummary Describe(StepSummary summary, Span<double> finite)
    {
        int rises = 0;
        foreach (double change in finite)
        {
            rises += change > 0 ? 1 : 0;
        }

        Span<double> quantiles = stackalloc double[5];
        OrderStatistics.Quantiles(finite, [0.01, 0.25, 0.5, 0.75, 0.99], quantiles);
        int listed = Math.Min(_movers, finite.Length);
        ImmutableArray<LossChange> risers = [], fallers = [];
        if (listed > 0)
        {
            risers = Movers(OrderStatistics.Select(finite, finite.Length - listed), listed, sign: 1);
            fallers = Movers(OrderStatistics.Select(finite, listed - 1), listed, sign: -1);
        }

        return summary with
        {
            Changes = finite.Length,
            RiseFraction = (double)rises / finite.Length,
            Quantiles = new ChangeQuantiles(quantiles[0], quantiles[1], quantiles[2], quantiles[3], quantiles[4]),
            Risers = risers,
            Fallers = fallers,
            OutlierShare = OutlierShare(finite),
        };
    }

    private static double OutlierShare(Span<double> changes)
    {
        TensorPrimitives.Abs<double>(changes, changes);
        double all = TensorPrimitives.Sum<double>(changes);
        int top = (changes.Length + 99) / 100;
        OrderStatistics.Select(changes, changes.Length - top);
        return all > 0 ? TensorPrimitives.Sum<double>(changes[^top..]) / all : 0;
    }

    private ImmutableArray<LossChange> Movers(double threshold, int limit, int sign)
    {
        var movers = new List<LossChange>(limit);
        double bound = Math.Max(sign * threshold, double.Epsilon);
        for (int i = 0; i < _changes.Length; i++)
        {
            // NaN marks a sample without a change and fails every comparison.
            if (sign * _changes[i] > bound)
            {
                movers.Add(new LossChange(i, _changes[i]));
            }
        }

        for (int i = 0; i < _changes.Length && movers.Count < limit; i++)
        {
            if (sign * _changes[i] == bound)
            {
                movers.Add(new LossChange(i, _changes[i]));
            }
        }

        movers.Sort((a, b) => a.Change == b.Change ? a.Index.CompareTo(b.Index) : sign * b.Change.CompareTo(a.Change));
        return [.. movers];
    }

    private static (double Mean, int NonFinite) FiniteMean(ReadOnlySpan<double> losses)
    {
        double sum = 0;
        int finite = 0;
        foreach (double loss in losses)
        {
            if (double.IsFinite(loss))
            {
                sum += loss;
                finite++;
            }
        }

        return (finite == 0 ? double.NaN : sum / finite, losses.Length - finite);
    }

    // Copies the finite changes and turns the others into NaN; returns how many were copied.
    private static int CopyFinite(Span<double> changes, Span<double> finite)
    {
        if (double.IsFinite(TensorPrimitives.Sum<double>(changes)))
        {
            changes.CopyTo(finite);
            return changes.Length;
        }

        int count = 0;
        foreach (ref double change in changes)
        {
            if (double.IsFinite(change))
            {
                finite[count++] = change;
            }
            else
            {
                change = double.NaN;
            }
        }

        return count;
    }
}
