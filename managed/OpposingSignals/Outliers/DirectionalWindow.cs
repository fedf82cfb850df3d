using System.Numerics.Tensors;
using OpposingSignals.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>
/// The samples' loss changes split along tracked directions, at the latest measured steps. Memory does not depend on
/// the number of steps.
/// </summary>
/// <remarks>
/// <para>
/// With unit directions v_j, usually the Hessian's top eigenvectors at θ_t, and the step δ = θ_{t+1} − θ_t with
/// coordinates a_j, δ = Σ_j a_j v_j and a rest, the part of sample i's loss change along v_j is
/// ⟨∇ℓᵢ, v_j⟩ a_j + ½ v_jᵀ∇²ℓᵢv_j a_j² = m_ij a_j: first and second order of POLCA (Kangaslahti, Rosenfeld, Saphra,
/// arXiv 2506.15872) with each sample's own curvature.
/// </para>
/// <para>
/// m_ij = ⟨∇ℓᵢ, v_j⟩ + ½ v_jᵀ∇²ℓᵢv_j a_j is the slope halfway through the step. Along one direction all samples share
/// a_j, so that m_ij is everything that tells their trajectories apart; and while a_j changes sign at every step of an
/// oscillation, m_ij hardly changes. It may therefore be measured at every few steps without aliasing the oscillation.
/// </para>
/// </remarks>
public sealed class DirectionalWindow
{
    private const string StepsKey = "steps";
    private const string CoordinatesKey = "coordinates";
    private const string RowsKey = "rows";

    private readonly Queue<Row> _rows = new();

    /// <summary>An empty window.</summary>
    /// <param name="samples">Samples N, at least 1.</param>
    /// <param name="directions">Directions K, at least 1.</param>
    /// <param name="capacity">Measured steps kept, at least 1.</param>
    /// <param name="budgetBytes">
    /// Memory; 8 NK bytes a step. Fewer steps are kept where it does not hold them, but at least one.
    /// </param>
    public DirectionalWindow(int samples, int directions, int capacity = 128, long budgetBytes = 128 << 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(directions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Samples = samples;
        Directions = directions;
        Capacity = (int)Math.Clamp(budgetBytes / (2L * sizeof(float) * samples * directions), 1, capacity);
    }

    /// <summary>Number of samples N.</summary>
    public int Samples { get; }

    /// <summary>Number of directions K.</summary>
    public int Directions { get; }

    /// <summary>Measured steps that are kept at most.</summary>
    public int Capacity { get; }

    /// <summary>Measured steps at hand.</summary>
    public int Count => _rows.Count;

    /// <summary>The first measured step of those kept; null before the first.</summary>
    public long? FirstStep => _rows.Count == 0 ? null : _rows.Peek().Step;

    /// <summary>The last measured step; null before the first.</summary>
    public long? LastStep => _rows.Count == 0 ? null : _rows.Last().Step;

    /// <summary>Takes what was measured at θ_t, before or after the step from there.</summary>
    /// <param name="step">The step t; later than all before.</param>
    /// <param name="coordinates">
    /// a_j of θ_{t+1} − θ_t, K numbers: ⟨v_j, θ_{t+1} − θ_t⟩ where the directions are orthonormal.
    /// </param>
    /// <param name="slopes">⟨∇ℓᵢ, v_j⟩: row j, column i.</param>
    /// <param name="curvatures">v_jᵀ∇²ℓᵢv_j: row j, column i.</param>
    /// <exception cref="ArgumentException">A span has another length, or the step is out of order.</exception>
    public void Observe(
        long step, ReadOnlySpan<double> coordinates, ReadOnlySpan<double> slopes, ReadOnlySpan<double> curvatures)
    {
        if (coordinates.Length != Directions || slopes.Length != Directions * Samples
            || curvatures.Length != slopes.Length)
        {
            throw new ArgumentException(
                $"{coordinates.Length} coordinates, {slopes.Length} slopes and {curvatures.Length} curvatures do not fit " +
                $"{Directions} directions of {Samples} samples.", nameof(coordinates));
        }

        if (step <= LastStep)
        {
            throw new ArgumentException(
                $"Step {step} comes after step {LastStep}; give each step once, in order.", nameof(step));
        }

        // The oldest row's memory is used again: allocating it anew would cost more than filling it.
        Row? oldest = _rows.Count == Capacity ? _rows.Dequeue() : null;
        float[] midpointSlopes = oldest?.MidpointSlopes ?? new float[slopes.Length];
        float[] curvature = oldest?.Curvatures ?? new float[slopes.Length];
        float[] slope = new float[Samples];
        for (int j = 0; j < Directions; j++)
        {
            Range range = (j * Samples)..((j + 1) * Samples);
            Span<float> narrow = curvature.AsSpan(range);
            TensorPrimitives.ConvertTruncating(curvatures[range], narrow);
            TensorPrimitives.ConvertTruncating(slopes[range], slope.AsSpan());
            TensorPrimitives.MultiplyAdd<float>(
                narrow, (float)(0.5 * coordinates[j]), slope, midpointSlopes.AsSpan(range));
        }

        _rows.Enqueue(new Row(step, coordinates.ToArray(), midpointSlopes, curvature));
    }

    /// <summary>
    /// How strongly each sample responds to the directions: (Σ_t Σ_j |v_jᵀ∇²ℓᵢv_j| / T)^½, the root of its curvature
    /// along them.
    /// </summary>
    public double[] Responses()
    {
        double[] responses = new double[Samples];
        foreach (Row row in _rows)
        {
            for (int j = 0; j < Directions; j++)
            {
                ReadOnlySpan<float> curvatures = row.Curvatures.AsSpan(j * Samples, Samples);
                for (int i = 0; i < Samples; i++)
                {
                    responses[i] += Math.Abs(curvatures[i]);
                }
            }
        }

        return Roots(responses);
    }

    /// <summary>
    /// How far each sample's loss moves along the directions together: the root mean square over steps of Σ_j m_ij a_j,
    /// in units of the loss.
    /// </summary>
    public double[] Movements()
    {
        double[] squares = new double[Samples];
        float[] change = new float[Samples];
        foreach (Row row in _rows)
        {
            Array.Clear(change);
            for (int j = 0; j < Directions; j++)
            {
                TensorPrimitives.MultiplyAdd(
                    row.MidpointSlopes.AsSpan(j * Samples, Samples), (float)row.Coordinates[j], change, change);
            }

            for (int i = 0; i < Samples; i++)
            {
                squares[i] += (double)change[i] * change[i];
            }
        }

        return Roots(squares);
    }

    /// <summary>
    /// One sample's midpoint slopes m and roots of |curvature|, at every step and along every direction: 2 x [TK].
    /// </summary>
    internal (float[] MidpointSlopes, float[] Responses) Trajectory(int sample)
    {
        float[] slopes = new float[Count * Directions], responses = new float[Count * Directions];
        int at = 0;
        foreach (Row row in _rows)
        {
            for (int j = 0; j < Directions; j++, at++)
            {
                slopes[at] = row.MidpointSlopes[(j * Samples) + sample];
                responses[at] = MathF.Sqrt(MathF.Abs(row.Curvatures[(j * Samples) + sample]));
            }
        }

        return (slopes, responses);
    }

    /// <summary>
    /// The state as arrays, from which <see cref="Restore"/> goes on bitwise; empty before the first step.
    /// </summary>
    public IReadOnlyDictionary<string, HostTensor> Save()
    {
        if (_rows.Count == 0)
        {
            return new Dictionary<string, HostTensor>();
        }

        var slopes = new HostTensor(ElementType.Float32, Count, 2 * Directions, Samples);
        int at = 0;
        foreach (Row row in _rows)
        {
            row.MidpointSlopes.CopyTo(slopes.AsSpan<float>()[at..]);
            row.Curvatures.CopyTo(slopes.AsSpan<float>()[(at + row.MidpointSlopes.Length)..]);
            at += 2 * row.MidpointSlopes.Length;
        }

        return new Dictionary<string, HostTensor>
        {
            [StepsKey] = HostTensor.From<long>([.. _rows.Select(row => row.Step)], Count),
            [CoordinatesKey] =
                HostTensor.From<double>([.. _rows.SelectMany(row => row.Coordinates)], Count * Directions),
            [RowsKey] = slopes,
        };
    }

    /// <summary>Returns to a saved state.</summary>
    /// <exception cref="ArgumentException">
    /// The state is incomplete, or of another number of samples or directions.
    /// </exception>
    public void Restore(IReadOnlyDictionary<string, HostTensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _rows.Clear();
        if (state.Count == 0)
        {
            return;
        }

        int count = state.TryGetValue(StepsKey, out HostTensor? steps) ? steps.Count : 0;
        if (count < 1 || count > Capacity)
        {
            throw new ArgumentException($"A window of {Capacity} steps cannot hold {count}.", nameof(state));
        }

        int size = Directions * Samples;
        ReadOnlySpan<long> step = StateReader.Read<long>(state, StepsKey, count);
        ReadOnlySpan<double> coordinates = StateReader.Read<double>(state, CoordinatesKey, count * Directions);
        ReadOnlySpan<float> values = StateReader.Read<float>(state, RowsKey, 2L * count * size);
        for (int t = 0; t < count; t++)
        {
            _rows.Enqueue(new Row(
                step[t],
                coordinates.Slice(t * Directions, Directions).ToArray(),
                values.Slice(2 * t * size, size).ToArray(),
                values.Slice(((2 * t) + 1) * size, size).ToArray()));
        }
    }

    private double[] Roots(double[] sums)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] = Math.Sqrt(sums[i] / Math.Max(1, Count));
        }

        return sums;
    }

    private sealed record Row(long Step, double[] Coordinates, float[] MidpointSlopes, float[] Curvatures);
}
