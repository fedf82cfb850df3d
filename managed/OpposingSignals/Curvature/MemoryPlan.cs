using System.Globalization;
using System.Text;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Curvature;

/// <summary>
/// How an <see cref="Objective"/> spends memory: bytes per part, micro-batch, vectors at once. Printed before a run.
/// </summary>
public sealed record MemoryPlan
{
    // Below some tens of samples products get too flat to run well.
    private const int SmallestMicroBatch = 32;
    private const int DefaultVectorsAtOnce = 8;

    private MemoryPlan()
    {
    }

    /// <summary>Samples of a micro-batch, at most.</summary>
    public required int MicroBatch { get; init; }

    /// <summary>Number of micro-batches.</summary>
    public required int MicroBatches { get; init; }

    /// <summary>Vectors pushed through the network at once, at most.</summary>
    public required int VectorsAtOnce { get; init; }

    /// <summary>
    /// Whether the primal of the whole data set is kept between products; otherwise each recomputes it.
    /// </summary>
    public required bool KeepsPrimal { get; init; }

    /// <summary>Bytes of inputs and targets.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Bytes of the inputs packed for the first layer's products.</summary>
    public required long PackedBytes { get; init; }

    /// <summary>Bytes of the primal: activations, caches and cotangents.</summary>
    public required long PrimalBytes { get; init; }

    /// <summary>Bytes of tangents and cotangents of one micro-batch.</summary>
    public required long WorkspaceBytes { get; init; }

    /// <summary>Bytes of working memory of the operations, such as transformed images of convolutions.</summary>
    public required long ScratchBytes { get; init; }

    /// <summary>Bytes of vectors of the length of θ that the objective itself owns: the gradient.</summary>
    public required long VectorBytes { get; init; }

    /// <summary>
    /// Bytes of directions and products at addresses that stay the same, so that a GPU records products; zero where the
    /// budget has no room for them.
    /// </summary>
    public required long StagingBytes { get; init; }

    /// <summary>
    /// Bytes at the peak of a gradient without products to follow: one micro-batch's primal and its cotangents.
    /// </summary>
    public required long GradientPeakBytes { get; init; }

    /// <summary>
    /// Bytes at the peak of a product with as many vectors as are pushed at once: everything, with the directions and
    /// the products, which belong to the caller.
    /// </summary>
    public long ProductPeakBytes => TotalBytes + (2 * VectorsAtOnce * VectorBytes);

    /// <summary>The budget that was given.</summary>
    public required long BudgetBytes { get; init; }

    /// <summary>Everything together.</summary>
    public long TotalBytes =>
        DataBytes + PackedBytes + PrimalBytes + WorkspaceBytes + ScratchBytes + VectorBytes + StagingBytes;

    /// <summary>The plan in one sentence.</summary>
    internal string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"The plan takes {TotalBytes / 1048576.0:F1} MiB: {MicroBatches} micro-batches of {MicroBatch} samples with {VectorsAtOnce} " +
        $"vectors at once, the primal {(KeepsPrimal ? "kept" : "recomputed")}.");

    /// <summary>The plan as a table of one line per part.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Line("data", DataBytes);
        Line("packed inputs", PackedBytes);
        Line(KeepsPrimal ? "primal, kept" : "primal, recomputed", PrimalBytes);
        Line("workspace", WorkspaceBytes);
        Line("operations", ScratchBytes);
        Line("gradient", VectorBytes);
        if (StagingBytes > 0)
        {
            Line("recorded products", StagingBytes);
        }

        Line("total", TotalBytes);
        if (VectorBytes > 0)
        {
            Line("peak of a gradient", GradientPeakBytes);
            Line("peak of a product", ProductPeakBytes);
        }

        text.Append(CultureInfo.InvariantCulture,
            $"{MicroBatches} micro-batches of {MicroBatch} samples, {VectorsAtOnce} vectors at once");
        return text.ToString();

        void Line(string part, long bytes) =>
            text.AppendLine(CultureInfo.InvariantCulture, $"{part,-20}{bytes / 1048576.0,10:F1} MiB");
    }

    /// <summary>The vectors of a product, cut into as many as are pushed through at once.</summary>
    internal IEnumerable<(int First, int Count)> Chunks(int vectors)
    {
        for (int first = 0; first < vectors; first += VectorsAtOnce)
        {
            yield return (first, Math.Min(VectorsAtOnce, vectors - first));
        }
    }

    /// <summary>What would fit into the memory that a device has now, in one sentence.</summary>
    internal static string WhatFits(
        Device device, Precision precision, Network network, Loss loss, int samples, ObjectiveOptions options)
    {
        // Directions and products belong to the caller and want some, too. Where samples are coupled the micro-batch is
        // a part of the objective.
        long budget = device.AvailableMemory / 10 * 8;
        bool couples = network.CouplesSamples && options.BatchNorm == BatchNormMode.Train;
        try
        {
            MemoryPlan plan = Make(device, precision, network, loss, samples, options with
            {
                MemoryBudget = budget,
                MicroBatch = couples ? options.MicroBatch : 0,
                VectorsAtOnce = 0,
            }).Plan;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"A budget of {budget / 1048576.0:F1} MiB would do with micro-batches of {plan.MicroBatch} samples " +
                $"and {plan.VectorsAtOnce} vectors at once.");
        }
        catch (InputException)
        {
            return couples ? "No number of vectors fits with this micro-batch."
                : "Not even one sample with one vector fits.";
        }
    }

    internal static (MemoryPlan Plan, PassLayout Layout) Make(
        Device device, Precision precision, Network network, Loss loss, int samples, ObjectiveOptions options)
    {
        if (network.CouplesSamples && options.BatchNorm == BatchNormMode.Train && options.MicroBatch <= 0)
        {
            throw new InputException(
                $"Batch normalisation in training mode makes the micro-batch a part of the objective of {network.Name}. Give its " +
                "size, or evaluate with running statistics.");
        }

        long budget = options.MemoryBudget > 0
            ? options.MemoryBudget
            : device.AvailableMemory / 10 * 6;
        int vectors = options.VectorsAtOnce > 0 ? options.VectorsAtOnce : DefaultVectorsAtOnce;
        int microBatch = options.MicroBatch > 0 ? Math.Min(options.MicroBatch, samples) : ChooseMicroBatch();
        for (; ; vectors = Math.Max(1, vectors / 2))
        {
            var layout = new PassLayout(network, precision, microBatch, vectors);
            (long inputs, long packed) = InputBytes(microBatch);
            int microBatches = (samples + microBatch - 1) / microBatch;
            long primalOfAll = options.ForwardOnly ? layout.PrimalBytes : layout.PrimalBytes * microBatches;
            long data = inputs + ((long)samples * loss.TargetBytes(network.OutputShape, precision));
            long scratch = Scratch(microBatch, vectors);
            long vectorBytes = options.ForwardOnly ? 0 : network.ParameterCount * precision.Size();
            MemoryPlan plan = new()
            {
                MicroBatch = microBatch,
                MicroBatches = microBatches,
                VectorsAtOnce = vectors,
                KeepsPrimal = !options.ForwardOnly,
                DataBytes = data,
                PackedBytes = packed,
                PrimalBytes = primalOfAll,
                WorkspaceBytes =
                    options.ForwardOnly ? 0 : Math.Max(layout.GradientWorkspaceBytes, layout.ProductWorkspaceBytes),
                ScratchBytes = scratch,
                VectorBytes = vectorBytes,
                StagingBytes = device.RecordsWork ? 2 * vectors * vectorBytes : 0,
                GradientPeakBytes =
                    data + packed + layout.PrimalBytes + layout.GradientWorkspaceBytes + scratch + vectorBytes,
                BudgetBytes = budget,
            };
            if (plan.TotalBytes <= budget)
            {
                return (plan, layout);
            }

            // Recording saves the start of kernels, which large networks do not feel.
            plan = plan with { StagingBytes = 0 };
            if (plan.TotalBytes <= budget)
            {
                return (plan, layout);
            }

            // Packing saves a tenth of the time, keeping the primal a quarter: give up the one with the smaller loss
            // first.
            plan = plan with { PackedBytes = 0, GradientPeakBytes = plan.GradientPeakBytes - packed };
            if (plan.TotalBytes > budget)
            {
                plan = plan with { KeepsPrimal = false, PrimalBytes = layout.PrimalBytes };
            }

            if (plan.TotalBytes <= budget)
            {
                return (plan, layout);
            }

            if (vectors == 1 || options.VectorsAtOnce > 0)
            {
                if (options.MicroBatch > 0 || microBatch == 1)
                {
                    throw new InputException(
                        $"A budget of {budget / 1048576.0:F0} MiB does not hold a micro-batch of {microBatch} samples with " +
                        $"{vectors} vectors, which takes {plan.TotalBytes / 1048576.0:F0} MiB. Give a smaller micro-batch or " +
                        "a larger budget.");
                }

                microBatch = (microBatch + 1) / 2;
            }
        }

        int ChooseMicroBatch()
        {
            var one = new PassLayout(network, precision, 1, 1);
            long perSample = one.PrimalBytes + one.ProductWorkspaceBytes;
            int fits =
                (int)Math.Clamp(device.PreferredWorkingSet / perSample, Math.Min(SmallestMicroBatch, samples), samples);

            // Equal micro-batches: a small rest at the end would run badly.
            int count = (samples + fits - 1) / fits;
            return (samples + count - 1) / count;
        }

        // What is left for the last micro-batch may take more: its products are cut in another way.
        long Scratch(int batch, int vectors)
        {
            return Math.Max(Of(batch), samples % batch > 0 ? Of(samples % batch) : 0);

            long Of(int count) => network.Nodes.Max(
                node => node.Layer.ScratchBytes(device, precision, count, options.ForwardOnly ? 1 : vectors));
        }

        (long Inputs, long Packed) InputBytes(int batch)
        {
            int features = network.Input.Size;
            long packed = 0;
            if (!options.ForwardOnly && PackedLinear(network) is { } linear)
            {
                int outputs = linear.OutputShape.Size;
                for (int first = 0; first < samples; first += batch)
                {
                    packed += PackedMatrix.Bytes(
                        device, precision, Math.Min(batch, samples - first), features, outputs);
                }
            }

            return ((long)samples * features * network.InputElementSize(precision), packed);
        }
    }

    /// <summary>
    /// The linear layer that reads the data itself, if one does and is large enough to gain from packing.
    /// </summary>
    internal static Linear? PackedLinear(Network network) =>
        network.Nodes.FirstOrDefault(node => node.Inputs[0] == 0)?.Layer is Linear { IsPackable: true } linear
        && linear.InputShapes[0].Size >= 64 && linear.OutputShape.Size >= 16
            ? linear
            : null;
}
