using System.Collections.Immutable;
using System.Globalization;
using OpposingSignals.Datasets;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Outliers;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs.Report;

/// <summary>Gathers what a run's files and its analysis say into the model of the report.</summary>
public static class ReportBuilder
{
    private const int ThumbnailsPerCamp = 24;

    /// <summary>The report of a run.</summary>
    /// <param name="run">The run, at its last checkpoint.</param>
    /// <param name="groups">Its analysis.</param>
    public static ReportModel Build(Run run, GroupsRecord groups)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(groups);
        RunConfiguration configuration = run.Objects.Configuration;
        Optimizer optimizer = run.Trainer.Optimizer;
        MetricsTable metrics = MetricsFile.Read(run.Folder.Metrics);
        double[] outputs = run.Objects.Objective.Outputs(run.Trainer.Parameters);
        return new ReportModel
        {
            Title = $"{configuration.Model} on {configuration.Data}",
            Subtitle = $"{Steps(optimizer)}, {run.Objects.Objective.Convention}",
            Configuration = Configuration(run),
            SampleCount = run.Objects.Objective.SampleCount,
            LossUnit = run.Objects.Loss is CrossEntropy ? "nats" : null,
            TrainLoss = ReportSeries.Of(metrics, "loss"),
            TestLoss = ReportSeries.Of(metrics, "test_loss"),
            TrainAccuracy = run.Objects.Data.Training.HasClasses
                ? ReportSeries.Of(metrics, "accuracy") : ReportSeries.Empty,
            TestAccuracy = run.Objects.Data.Training.HasClasses
                ? ReportSeries.Of(metrics, "test_accuracy") : ReportSeries.Empty,
            Sharpness = Eigenvalues(metrics, MetricsColumns.Sharpness, "sharpness_residual"),
            PreconditionedSharpness = optimizer.IsPreconditioned
                ? Eigenvalues(metrics, MetricsColumns.PreconditionedSharpness, "preconditioned_residual") : null,
            FurtherEigenvalues = FurtherEigenvalues(run),
            StabilityThreshold = optimizer.StabilityThreshold,
            ThresholdFormula = optimizer.ThresholdFormula ?? "",
            ThresholdNote = optimizer.ThresholdNote,
            ResidualTolerance = configuration.Training.EigenTolerance,
            RiseFraction = ReportSeries.Of(metrics, "rise_fraction"),
            OutlierShare = ReportSeries.Of(metrics, "outlier_share"),
            Pairs = [.. groups.Pairs.Select(pair => Pair(run, pair, outputs))],
            NoPairs = groups.ExplainNoPairs(),
            ArePairsPreconditioned = groups.PreconditionedSharpness is not null,
            Composition = groups.Composition,
            Movers = [.. groups.Movers.Select(movers => Pair(run, movers.Pair, outputs))],
            Probes = ProbeReader.Read(run),
            Dumps = DumpReader.Read(run, (sample, change, rank) => Sample(run, sample, change, rank, outputs)),
            Followed = DumpReader.Groups(run),
            Spikes = [.. groups.Spikes],
            Notes = Notes(groups),
        };
    }

    private static string Steps(Optimizer optimizer) =>
        string.Create(
            CultureInfo.InvariantCulture, $"full-batch {optimizer.Description}, step size {optimizer.StepSize:R}");

    private static ReportPair Pair(Run run, PairRecord pair, double[] outputs) =>
        WithPictures(run, pair, new ReportPair
        {
            Name = pair.Name,
            Significance = pair.Significance,
            Checks = pair.Checks,
            Direction = pair.Direction,
            Signal = pair.Signal,
            Opposition = pair.TrajectoryOpposition,
            OpposedFrom = pair.OpposedFrom,
            OpposedTo = pair.OpposedTo,
            SharpnessShare = pair.SharpnessShare,
            GradientCosine = pair.GradientCosine,
            ChangeShare = pair.EnergyShare,
            Up = Camp(run, pair.Up, outputs),
            Down = Camp(run, pair.Down, outputs),
        });

    private static ReportPair WithPictures(Run run, PairRecord record, ReportPair pair)
    {
        if (run.Objects.Data.Training.Images is not { } images)
        {
            return pair;
        }

        HostTensor? direction = pair.Signal is null
            ? null
            : SafeTensors.Read(run.Folder.Signals).Tensors.GetValueOrDefault($"{pair.Name}.input_direction");
        return pair with
        {
            UpMeanPng = MeanPicture.Of(images, record.Up.Indices),
            DownMeanPng = MeanPicture.Of(images, record.Down.Indices),
            SharedPng = MeanPicture.Difference(
                images, [.. record.Up.Indices, .. record.Down.Indices], [.. Enumerable.Range(0, images.Count)]),
            DifferencePng = MeanPicture.Difference(images, record.Up.Indices, record.Down.Indices),
            DirectionPng = direction is null ? default : MeanPicture.Change(images, direction.ToDoubles()),
        };
    }

    private static ReportCamp Camp(Run run, CampRecord camp, double[] outputs)
    {
        LossHistory history = run.Trainer.History;
        var group = new SampleGroup
        {
            Indices = [.. camp.Indices],
            Strengths = [.. camp.Strengths],
            Correlations = [],
            Alternation = camp.Alternation,
            EnergyShare = 0,
        };
        return new ReportCamp
        {
            Alternation = camp.Alternation,
            Loss = new ReportSeries(
                [.. Enumerable.Range(0, history.Count).Select(history.StepAt)], [.. group.MeanLosses(history)]),
            Samples =
                [.. camp.Indices.Select((sample, rank) => Sample(run, sample, camp.Strengths[rank], rank, outputs))],
        };
    }

    private static ReportSample Sample(Run run, int sample, double strength, int rank, double[] outputs)
    {
        Dataset data = run.Objects.Data.Training;
        int classes = run.Objects.Network.Outputs;
        ReadOnlySpan<double> values = outputs.AsSpan(sample * classes, classes);
        int predicted = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(values);
        return new ReportSample
        {
            Index = sample,
            Score = strength,
            Label = data.HasLabels ? ClassName(data, (int)data.Targets.AsSpan<long>()[sample]) : null,
            Prediction = data.HasLabels ? ClassName(data, predicted) : null,
            Probability = data.HasLabels && run.Objects.Loss is CrossEntropy ? Probability(values, predicted) : null,
            ThumbnailPng = data.Images is { } images && rank < ThumbnailsPerCamp
                ? PngImage.Encode(images.Width, images.Height, images.Channels, images[sample])
                : ReadOnlyMemory<byte>.Empty,
            Excerpt = data.Images is null ? Excerpt(data, sample) : null,
        };
    }

    private static string ClassName(Dataset data, int index) =>
        index < data.ClassNames.Length ? data.ClassNames[index] : index.ToString(CultureInfo.InvariantCulture);

    private static double Probability(ReadOnlySpan<double> outputs, int index)
    {
        double sum = 0;
        foreach (double output in outputs)
        {
            sum += Math.Exp(output - outputs[index]);
        }

        return 1 / sum;
    }

    // The characters of a sample, line ends made visible.
    private static string Text(Dataset data, int sample)
    {
        const int Shown = 160;
        int length = data.Inputs.Count / data.Count;
        IEnumerable<string> characters = data.Inputs.AsSpan<long>()
            .Slice(sample * length, Math.Min(Shown, length)).ToArray()
            .Select(token => ClassName(data, (int)token) is "\n" ? "⏎\n" : ClassName(data, (int)token));
        return string.Concat(characters) + (length > Shown ? "…" : "");
    }

    // The first few numbers of a sample that is neither a picture nor text.
    private static string Excerpt(Dataset data, int sample)
    {
        if (data.IsTokens)
        {
            return Text(data, sample);
        }

        const int Shown = 3;
        int features = data.Inputs.Count / data.Count;
        IEnumerable<string> numbers = Enumerable.Range(sample * features, Math.Min(Shown, features))
            .Select(i => data.Inputs.Type == Tensors.ElementType.Float64
                ? data.Inputs.AsSpan<double>()[i]
                : data.Inputs.AsSpan<float>()[i])
            .Select(value => value.ToString("0.###", CultureInfo.InvariantCulture));
        return $"x = {string.Join(", ", numbers)}{(features > Shown ? ", …" : "")}";
    }

    private static EigenvalueSeries Eigenvalues(MetricsTable table, string values, string residuals) =>
        new(ReportSeries.Of(table, values), ReportSeries.Of(table, residuals).Values);

    private static ImmutableArray<EigenvalueSeries> FurtherEigenvalues(Run run)
    {
        int count = run.Objects.Configuration.Training.EigenCount;
        if (count < 2 || !File.Exists(run.Folder.RitzValues))
        {
            return [];
        }

        MetricsTable ritz = MetricsFile.Read(run.Folder.RitzValues);
        return [.. Enumerable.Range(2, count - 1).Select(i => Eigenvalues(ritz, $"value_{i}", $"residual_{i}"))];
    }

    private static ImmutableArray<string> Notes(GroupsRecord groups)
    {
        ImmutableArray<string>.Builder notes = ImmutableArray.CreateBuilder<string>();
        if (!groups.DirectionsConverged)
        {
            notes.Add(
                $"The top eigenvector at the last step did not converge; shares of the {groups.BoundedCurvature} are " +
                "approximate.");
        }

        if (groups.SamplesInEvaluationMode)
        {
            notes.Add(
                "Batch statistics couple the samples: the sharpness is measured with them; shares of it and gradients of groups, " +
                "which need samples of their own, with running statistics.");
        }

        if (groups.Precision is { } precision && groups.Recall is { } recall)
        {
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"These data have groups planted in them: of the samples found, {precision:P0} are planted; of the planted, {recall:P0} are found."));
        }

        return notes.ToImmutable();
    }

    private static ImmutableArray<KeyValuePair<string, string>> Configuration(Run run)
    {
        RunConfiguration c = run.Objects.Configuration;
        string more =
            run.Trainer.PreconditionedTracker is { } tracker ? $" H and {tracker.Options.Count} of P⁻¹H" : "";
        Network network = run.Objects.Network;
        return
        [
            new("Model", $"{c.Model}, {network.ParameterCount} parameters"),
            new("Data", $"{c.Data}, {run.Objects.Objective.SampleCount} training samples"),
            new("Normalisation", run.Objects.Data.Normalization?.Scheme.ToString().ToLowerInvariant() ?? "none"),
            new("Loss", run.Objects.Objective.Convention),
            new("Optimiser", Steps(run.Trainer.Optimizer)),
            new("Start", c.Weights ?? $"{c.Initialization}, seed {c.Seed}"),
            new("Precision", c.Precision.ToString().ToLowerInvariant()),
            new("Device", c.DeviceDescription),
            new("Eigenpairs", $"{c.Training.EigenCount} of the Hessian{more} every {c.Training.EigenEvery} steps, relative residual {c.Training.EigenTolerance.ToString("R", CultureInfo.InvariantCulture)}"),
            new("Version", c.Version),
        ];
    }
}
