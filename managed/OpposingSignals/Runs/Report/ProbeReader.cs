using System.Collections.Immutable;
using OpposingSignals.Networks;
using OpposingSignals.Runs.Probes;

namespace OpposingSignals.Runs.Report;

/// <summary>Reads what a run recorded of its probes.</summary>
internal static class ProbeReader
{
    private const int ShownOutputs = 5;

    public static ImmutableArray<ReportProbe> Read(Run run)
    {
        if (run.Probes is not { } probes || !File.Exists(run.Folder.Probes))
        {
            return [];
        }

        MetricsTable table = MetricsFile.Read(run.Folder.Probes);
        return table.Steps.Count == 0 ? []
            : [.. Enumerable.Range(0, probes.Names.Length).Select(i => Probe(run, table, probes, i))];
    }

    private static ReportProbe Probe(Run run, MetricsTable table, ProbeSet probes, int index)
    {
        Network network = run.Objects.Network;
        string name = probes.Names[index];
        bool probabilities = run.Objects.Loss is CrossEntropy;
        int[] tensors = [.. run.Objects.Objective.LastingTensors];

        // The last layer's own output is what the classes show.
        int before = tensors.LastOrDefault(tensor => tensor < network.Nodes.Length, tensors[^1]);
        return new ReportProbe
        {
            Name = name,
            Png = probes.Images is { } images
                ? PngImage.Encode(images.Width, images.Height, images.Channels, images[index])
                : default,
            OutputKind = probabilities ? "class probability" : "output",
            Outputs =
            [
                .. Enumerable.Range(0, network.Outputs)
                    .Select(c => KeyValuePair.Create(
                        run.Objects.Data.Training.ClassName(c),
                        ReportSeries.Of(table, $"{name}.{ProbeObserver.OutputColumn(probabilities)}{c}")))
                    .OrderByDescending(output => output.Value.Values.Where(double.IsFinite).DefaultIfEmpty().Max())
                    .Take(ShownOutputs),
            ],
            Norm = ReportSeries.Of(table, ProbeObserver.NormColumn(name, before)),
            RelativeNorm = Relative(before),
            Layers = [.. tensors.Select(tensor => Layer(network.Nodes[tensor - 1].Layer.ToString(), Relative(tensor)))],
        };

        ReportSeries Relative(int tensor)
        {
            ReportSeries own = ReportSeries.Of(table, ProbeObserver.NormColumn(name, tensor));
            ReportSeries data = ReportSeries.Of(table, ProbeObserver.NormColumn("data", tensor));
            return new ReportSeries(own.Steps, [.. own.Values.Zip(data.Values, (a, b) => a / b)]);
        }
    }

    private static ReportProbeLayer Layer(string name, ReportSeries relative)
    {
        int largest = Enumerable.Range(0, relative.Values.Length)
            .MaxBy(i => double.IsFinite(relative.Values[i]) ? relative.Values[i] : double.NegativeInfinity);
        return new ReportProbeLayer(
            name, relative.Values[0], relative.Values[largest], relative.Steps[largest], relative.Values[^1]);
    }
}
