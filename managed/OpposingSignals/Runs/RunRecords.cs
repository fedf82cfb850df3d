using System.Runtime.InteropServices;
using OpposingSignals.Curvature;
using OpposingSignals.Outliers;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>
/// The files that grow with a run's steps. Opened after a last step, they keep the rows up to it and drop the others.
/// </summary>
internal sealed class RunRecords : IDisposable
{
    private static readonly string[] CommonColumns =
    [
        "loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm", MetricsColumns.Sharpness,
        "sharpness_residual",
        "rise_fraction", "outlier_share", "change_q01", "change_q25", "change_q50", "change_q75", "change_q99",
    ];

    private static readonly string[] PreconditionedColumns =
        [MetricsColumns.PreconditionedSharpness, "preconditioned_residual", "preconditioned_products"];

    private readonly MetricsFile _metrics;
    private readonly bool _isPreconditioned;
    private readonly MetricsFile? _ritz;
    private readonly MetricsFile _movers;
    private readonly MetricsFile? _probes;
    private readonly FileStream? _losses;
    private readonly int _pairs;
    private readonly int _moverCount;

    public RunRecords(
        RunFolder folder, RunConfiguration configuration, int samples, IReadOnlyList<string>? probeColumns,
        long? lastStep)
    {
        _pairs = configuration.Training.EigenCount;
        _moverCount = Math.Min(SampleStream.DefaultMovers, samples);
        _isPreconditioned = configuration.CreateOptimizer().IsPreconditioned;
        _metrics = Open(
            folder.Metrics, [.. CommonColumns, .. _isPreconditioned ? PreconditionedColumns : []], lastStep,
            lastRow: lastStep);
        _ritz = configuration.Training.EigenEvery > 0
            ? Open(
                folder.RitzValues,
                [.. Enumerable.Range(1, _pairs)
                    .SelectMany(i => (string[])[$"value_{i}", $"residual_{i}", $"converged_{i}"]), "products"],
                lastStep,
                lastStep - (lastStep % configuration.Training.EigenEvery))
            : null;
        _movers = Open(
            folder.Movers,
            [.. ((string[])["riser", "faller"]).SelectMany(kind =>
                Enumerable.Range(1, _moverCount).SelectMany(i => (string[])[$"{kind}_{i}", $"{kind}_{i}_change"]))],
            lastStep,
            lastRow: lastStep > 0 ? lastStep : null);
        _probes = probeColumns is null ? null : Open(folder.Probes, probeColumns, lastStep, lastRow: lastStep);
        if (configuration.FullLosses)
        {
            _losses = new FileStream(folder.FullLosses, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            long kept = ((lastStep ?? -1) + 1) * samples * sizeof(float);
            if (_losses.Length < kept)
            {
                throw Torn(folder.FullLosses, lastStep);
            }

            _losses.SetLength(kept);
            _losses.Seek(0, SeekOrigin.End);
        }
    }

    public void Append(StepRecord record, ReadOnlySpan<double> losses, double?[]? probes)
    {
        RitzPair? top = record.Eigenpairs is { Count: > 0 } pairs ? pairs[0] : null;
        StepSummary moved = record.Samples;
        bool changes = moved.Changes > 0;
        double?[] preconditioned = !_isPreconditioned ? []
            : record.Preconditioned is { } pair ? [pair.Value, pair.Residual, record.PreconditionedProducts]
            : new double?[PreconditionedColumns.Length];
        _metrics.Append(
            record.Step,
            [
                record.Loss,
                record.Accuracy,
                record.Test?.Loss,
                record.Test?.Accuracy,
                record.GradientNorm,
                top?.Value,
                top?.Residual,
                changes ? moved.RiseFraction : null,
                changes ? moved.OutlierShare : null,
                changes ? moved.Quantiles.Percent1 : null,
                changes ? moved.Quantiles.Percent25 : null,
                changes ? moved.Quantiles.Percent50 : null,
                changes ? moved.Quantiles.Percent75 : null,
                changes ? moved.Quantiles.Percent99 : null,
                .. preconditioned,
            ]);
        AppendRitzValues(record);
        AppendMovers(record);
        _probes?.Append(record.Step, probes!);
        if (_losses is not null)
        {
            float[] rounded = new float[losses.Length];
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(losses, rounded.AsSpan());
            _losses.Write(MemoryMarshal.AsBytes(rounded.AsSpan()));
        }
    }

    public void Flush()
    {
        _metrics.Flush();
        _ritz?.Flush();
        _movers.Flush();
        _probes?.Flush();
        _losses?.Flush(flushToDisk: true);
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _ritz?.Dispose();
        _movers.Dispose();
        _probes?.Dispose();
        _losses?.Dispose();
    }

    private static InputException Torn(string path, long? lastStep) =>
        new($"{path} ends before step {lastStep}, which the checkpoint has: rows are missing. Restore the file, or start a new run.");

    // The last row is that of the last step, or of an earlier one where not every step has a row; null for none.
    private static MetricsFile Open(string path, IReadOnlyList<string> columns, long? lastStep, long? lastRow)
    {
        if (lastStep is not { } step)
        {
            // A kill before the first checkpoint leaves rows that nothing vouches for.
            File.Delete(path);
            return MetricsFile.Create(path, columns);
        }

        MetricsFile file = MetricsFile.OpenForResume(path, step);
        if (!file.Columns.SequenceEqual(columns))
        {
            file.Dispose();
            throw new InputException(
                $"{path} has other columns than this run writes; it was measured with other settings.");
        }

        if (file.LastStep != lastRow)
        {
            file.Dispose();
            throw Torn(path, lastRow);
        }

        return file;
    }

    private void AppendRitzValues(StepRecord record)
    {
        if (_ritz is null || record.Eigenpairs is not { } pairs)
        {
            return;
        }

        var values = new double?[(3 * _pairs) + 1];
        for (int i = 0; i < Math.Min(_pairs, pairs.Count); i++)
        {
            values[3 * i] = pairs[i].Value;
            values[(3 * i) + 1] = pairs[i].Residual;
            values[(3 * i) + 2] = pairs[i].Converged ? 1 : 0;
        }

        values[^1] = record.Products;
        _ritz.Append(record.Step, values);
    }

    private void AppendMovers(StepRecord record)
    {
        if (record.Samples.Changes == 0)
        {
            return;
        }

        var values = new double?[4 * _moverCount];
        Fill(record.Samples.Risers, 0);
        Fill(record.Samples.Fallers, 2 * _moverCount);
        _movers.Append(record.Step, values);

        void Fill(IReadOnlyList<LossChange> movers, int start)
        {
            for (int i = 0; i < Math.Min(_moverCount, movers.Count); i++)
            {
                values[start + (2 * i)] = movers[i].Index;
                values[start + (2 * i) + 1] = movers[i].Change;
            }
        }
    }
}
