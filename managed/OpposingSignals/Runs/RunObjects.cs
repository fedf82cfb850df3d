using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;

namespace OpposingSignals.Runs;

/// <summary>What a configuration names: device, data, network, objective.</summary>
public sealed class RunObjects : IDisposable
{
    // Far beyond any processor; the threads' library ends the process where it cannot start one.
    private const int MaximumThreads = 1024;

    /// <summary>Loads and builds everything; nothing is trained yet.</summary>
    /// <exception cref="InputException">
    /// Something in the configuration is wrong, or a file is missing or damaged.
    /// </exception>
    /// <exception cref="DeviceUnavailableException">The device cannot be had.</exception>
    public RunObjects(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Configuration = configuration;
        configuration.Training.Validate();
        if (configuration.Threads < 0 || configuration.MicroBatch < 0 || configuration.MemoryMebibytes < 0
            || configuration.CheckpointEvery < 0)
        {
            throw new InputException("Threads, micro-batch, memory and checkpoint interval must be at least 0.");
        }

        if (configuration.Threads > MaximumThreads)
        {
            throw new InputException($"At most {MaximumThreads} threads can be used, got {configuration.Threads}.");
        }

        if (!Enum.IsDefined(configuration.Precision))
        {
            throw new InputException($"There is no precision '{configuration.Precision}'. Known: float32, float64.");
        }

        Loss = Loss.Named(configuration.Loss);
        Data = DatasetCatalog.Load(
            configuration.Data,
            configuration.DataFolder,
            configuration.Normalization is { } scheme ? Datasets.Normalization.ParseScheme(scheme) : null);
        foreach (FollowedGroup group in configuration.Follow ?? [])
        {
            group.Require(Data.Training.Count);
        }

        if (configuration.Intervention is { } intervention)
        {
            Data = Data with { Training = intervention.Apply(Data.Training) };
        }

        Network = ModelCatalog.Build(configuration.Model, ShapeOf(Data.Training), Data.Training.OutputCount);
        if (configuration.Freeze is { } names)
        {
            Network = Network.Freeze(names.Split(','));
        }

        Device = Devices.Device.Named(configuration.Device, configuration.Threads, configuration.Arithmetic);
        try
        {
            Objective = ObjectiveOf(
                Data.Training, Loss, forwardOnly: false, configuration.BatchNorm, dropout: true,
                configuration.Intervention?.Weights(Data.Training.Count));
        }
        catch
        {
            Device.Dispose();
            throw;
        }
    }

    /// <summary>What everything was built from.</summary>
    public RunConfiguration Configuration { get; }

    /// <summary>The device.</summary>
    public Device Device { get; }

    /// <summary>Training and test data.</summary>
    public DatasetPair Data { get; }

    /// <summary>The network.</summary>
    public Network Network { get; }

    /// <summary>The loss.</summary>
    public Loss Loss { get; }

    /// <summary>The training loss on the device.</summary>
    public Objective Objective { get; }

    /// <summary>
    /// The loss over other data, with the same network in evaluation mode: batch normalisation with its running
    /// statistics, and no dropout.
    /// </summary>
    /// <param name="data">The data.</param>
    /// <param name="forwardOnly">Whether only losses are wanted, which saves memory.</param>
    public Objective ObjectiveOf(Dataset data, bool forwardOnly)
    {
        ArgumentNullException.ThrowIfNull(data);
        return ObjectiveOf(data, Loss, forwardOnly, BatchNormMode.Eval, dropout: false);
    }

    /// <summary>
    /// The network's outputs for other data, in evaluation mode; the loss only says what their targets are.
    /// </summary>
    internal Objective ObjectiveOf(Dataset data, Loss loss) =>
        ObjectiveOf(data, loss, forwardOnly: true, BatchNormMode.Eval, dropout: false);

    /// <summary>θ₀: from the weights file, or from the initialisation and its seed.</summary>
    public double[] InitialParameters() =>
        Configuration.Weights is { } file
            ? StateDict.Read(file, Network)
            : Initialization.Named(Configuration.Initialization).Create(Network, Configuration.Seed);

    /// <inheritdoc/>
    public void Dispose()
    {
        Objective.Dispose();
        Device.Dispose();
    }

    private Objective ObjectiveOf(
        Dataset data, Loss loss, bool forwardOnly, BatchNormMode batchNorm, bool dropout,
        IReadOnlyList<double>? weights = null) =>
        new(
            Device,
            Configuration.Precision,
            Network,
            loss,
            data.Inputs,
            data.Targets,
            new ObjectiveOptions
            {
                MicroBatch = Configuration.MicroBatch,
                MemoryBudget = (long)Configuration.MemoryMebibytes << 20,
                ForwardOnly = forwardOnly,
                BatchNorm = batchNorm,
                Dropout = dropout,
                SampleWeights = weights,
            });

    private static FeatureShape ShapeOf(Dataset data)
    {
        var shape = data.Inputs.Shape;
        return shape.Length switch
        {
            2 => data.IsTokens ? FeatureShape.Sequence(shape[1], 1) : FeatureShape.Vector(shape[1]),
            4 => new FeatureShape(shape[2], shape[3], shape[1]),
            _ => throw new InputException(
                $"Inputs of shape [{string.Join(", ", shape)}] are neither vectors [N, F], nor tokens [N, T], nor images [N, C, H, W]."),
        };
    }
}
