using OpposingSignals.Devices;

namespace OpposingSignals.Networks;

/// <summary>
/// Where every tensor of a micro-batch lies: offsets into one arena for the primal, which outlives the passes, and into
/// one workspace for tangents and cotangents, which is shared by all micro-batches. Tensors whose lifetimes do not
/// overlap share memory; elementwise layers work in place where nobody else reads what they overwrite.
/// </summary>
/// <remarks>
/// Time runs over the nodes: node i runs forward at time i, the loss at time L, and node i runs backward at time 2L −
/// i. A node that takes an activation along reads its own operands until then. Offsets are for <c>samples</c> and <c>vectors</c> at most; smaller micro-batches use the same ones.
/// </remarks>
internal sealed class PassLayout
{
    private const long Alignment = 64;
    private const long Absent = -1;

    private readonly Network _network;

    public PassLayout(Network network, Precision precision, int samples, int vectors)
    {
        _network = network;
        int tensors = network.Nodes.Length + 1;
        Moves = new bool[tensors];
        for (int i = 0; i < network.Nodes.Length; i++)
        {
            NetworkNode node = network.Nodes[i];
            Moves[i + 1] = node.Parameters.Any(parameter => !parameter.IsFrozen)
                || node.Inputs.Any(input => Moves[input]);
        }

        Primal = NewOffsets(tensors);
        Cache = NewOffsets(tensors);
        KeptCotangent = NewOffsets(tensors);
        PrimalBytes = PlanPrimal(precision, samples);
        (GradientCotangent, GradientWorkspaceBytes) = PlanGradient(precision, samples);
        (Tangent, ProductCotangent, ProductWorkspaceBytes) = PlanProducts(precision, samples, vectors);
    }

    /// <summary>
    /// Whether a tensor has a tangent and wants a cotangent: whether parameters that move lie before it.
    /// </summary>
    public bool[] Moves { get; }

    /// <summary>Offset of each tensor's primal value in the primal arena; the network's input has none.</summary>
    public long[] Primal { get; }

    /// <summary>Offset of what the node before each tensor cached.</summary>
    public long[] Cache { get; }

    /// <summary>Offset in the primal arena of the primal cotangents that TangentBackward reads.</summary>
    public long[] KeptCotangent { get; }

    /// <summary>Bytes of the primal arena.</summary>
    public long PrimalBytes { get; }

    /// <summary>Offset in the workspace of the cotangents of a gradient pass that are not kept.</summary>
    public long[] GradientCotangent { get; }

    public long GradientWorkspaceBytes { get; }

    /// <summary>Offset in the workspace of the K tangents of each tensor.</summary>
    public long[] Tangent { get; }

    /// <summary>Offset in the workspace of the K cotangents, or tangents of cotangents, of each tensor.</summary>
    public long[] ProductCotangent { get; }

    public long ProductWorkspaceBytes { get; }

    private static long[] NewOffsets(int tensors)
    {
        long[] offsets = new long[tensors];
        Array.Fill(offsets, Absent);
        return offsets;
    }

    private static long Aligned(long bytes) => checked(bytes + Alignment - 1) / Alignment * Alignment;

    private long PlanPrimal(Precision precision, int samples)
    {
        long end = 0;
        for (int i = 0; i < _network.Nodes.Length; i++)
        {
            NetworkNode node = _network.Nodes[i];
            int output = i + 1;
            int input = node.Inputs[0];
            bool inPlace = node.Layer.OverwritesInput && input != 0 && _network.Consumers[input] == 1
                && !_network.Nodes[input - 1].Layer.NeedsOutput;
            Primal[output] = inPlace ? Primal[input] : Reserve(Bytes(output));
            if (node.Layer.CacheBytes(samples) is > 0 and long cacheBytes)
            {
                Cache[output] = Reserve(cacheBytes);
            }

            if (node.Layer.NeedsOutputCotangent(node.Inputs.Any(t => Moves[t])))
            {
                KeptCotangent[output] = Reserve(Bytes(output));
            }
        }

        return end;

        long Reserve(long bytes)
        {
            long offset = end;
            end = checked(end + Aligned(bytes));
            return offset;
        }

        long Bytes(int tensor) => checked(
            _network.Nodes[tensor - 1].Layer.OutputShape.Size * (long)samples * precision.Size());
    }

    private (long[] Offsets, long Bytes) PlanGradient(Precision precision, int samples)
    {
        var planner = new LifetimePlanner();
        int[] slots =
            PlanCotangents(planner, precision.Size() * (long)samples, tensor => KeptCotangent[tensor] == Absent);
        long bytes = planner.Solve();
        return (Array.ConvertAll(slots, slot => slot < 0 ? Absent : planner.Offset(slot)), bytes);
    }

    private (long[] Tangents, long[] Cotangents, long Bytes) PlanProducts(Precision precision, int samples, int vectors)
    {
        var planner = new LifetimePlanner();
        long unit = precision.Size() * (long)samples * vectors;
        int[] tangents = PlanTangents(planner, unit);
        int[] cotangents = PlanCotangents(planner, unit, _ => true);
        long bytes = planner.Solve();
        return (
            Array.ConvertAll(tangents, slot => slot < 0 ? Absent : planner.Offset(slot)),
            Array.ConvertAll(cotangents, slot => slot < 0 ? Absent : planner.Offset(slot)),
            bytes);
    }

    private int[] PlanTangents(LifetimePlanner planner, long unit)
    {
        int loss = _network.Nodes.Length;
        int[] slots = new int[loss + 1];
        Array.Fill(slots, -1);
        for (int i = 0; i < loss; i++)
        {
            NetworkNode node = _network.Nodes[i];
            int output = i + 1;
            if (!Moves[output])
            {
                continue;
            }

            int input = node.Inputs[0];
            bool inPlace = node.Layer.OverwritesTangent && Moves[input] && _network.Consumers[input] == 1;
            slots[output] = inPlace ? slots[input] : planner.Add(Aligned(node.Layer.OutputShape.Size * unit), i);
            planner.Extend(slots[output], output == loss ? loss : i);
            foreach (int read in node.Inputs)
            {
                if (Moves[read])
                {
                    planner.Extend(slots[read], node.Layer.NeedsInputTangent ? BackwardEnd(i) : ForwardEnd(i));
                }
            }
        }

        return slots;
    }

    private int[] PlanCotangents(LifetimePlanner planner, long unit, Func<int, bool> wanted)
    {
        int loss = _network.Nodes.Length;
        int[] slots = new int[loss + 1];
        Array.Fill(slots, -1);
        if (wanted(loss))
        {
            slots[loss] = planner.Add(Aligned(_network.Outputs * unit), loss);
        }

        for (int i = loss - 1; i >= 0; i--)
        {
            NetworkNode node = _network.Nodes[i];
            int output = i + 1;
            int now = (2 * loss) - i;
            if (slots[output] >= 0)
            {
                planner.Extend(slots[output], BackwardEnd(i));
            }

            foreach (int input in node.Inputs)
            {
                if (!Moves[input] || !wanted(input) || slots[input] >= 0)
                {
                    continue;
                }

                bool inPlace = node.Layer.OverwritesCotangent && slots[output] >= 0 && _network.Consumers[input] == 1;
                slots[input] = inPlace
                    ? slots[output]
                    : planner.Add(Aligned(_network.Nodes[input - 1].Layer.OutputShape.Size * unit), now);
            }
        }

        return slots;
    }

    // The time until which the tangent pass of a node reads its operands, and its backward pass.
    private int ForwardEnd(int i) => i + (_network.ActivationAfter(i) is null ? 0 : 1);

    private int BackwardEnd(int i) =>
        (2 * _network.Nodes.Length) - i + (_network.ActivationBefore(i) is null ? 0 : 1);
}
