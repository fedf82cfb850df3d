using System.Text.Json;
using System.Text.Json.Serialization;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Training;

namespace OpposingSignals.Runs;

/// <summary>Everything that decides a run, as given on the command line and kept in <c>run.json</c>.</summary>
public sealed record RunConfiguration
{
    /// <summary>The network's name; see <see cref="Networks.ModelCatalog"/>.</summary>
    public required string Model { get; init; }

    /// <summary>The data set's name; see <see cref="Datasets.DatasetCatalog"/>.</summary>
    public required string Data { get; init; }

    /// <summary>Folder of data sets; null searches <c>OPSIG_DATA</c> and the system's.</summary>
    public string? DataFolder { get; init; }

    /// <summary>How pictures become inputs; null takes the data set's default.</summary>
    public string? Normalization { get; init; }

    /// <summary>The loss's name; see <see cref="Networks.Loss.Named"/>.</summary>
    public string Loss { get; init; } = "ce";

    /// <summary>Step size η.</summary>
    public required double StepSize { get; init; }

    /// <summary>
    /// The optimiser's name; see <see cref="Optimizers.Optimizer.Named"/>. Null for gradient descent.
    /// </summary>
    public string? Optimizer { get; init; }

    /// <summary>The initialisation's name; see <see cref="Networks.Initialization"/>.</summary>
    public string Initialization { get; init; } = "pytorch";

    /// <summary>A safetensors file with PyTorch's names to start from, instead of an initialisation.</summary>
    public string? Weights { get; init; }

    /// <summary>
    /// Names of parameters that are constants, with commas between; see <see cref="Networks.Network.Freeze"/>.
    /// </summary>
    public string? Freeze { get; init; }

    /// <summary>Seed of the initialisation.</summary>
    public ulong Seed { get; init; }

    /// <summary>The device's name.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Element type.</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>How a CUDA device multiplies in float32 products.</summary>
    public ProductArithmetic Arithmetic { get; init; }

    /// <summary>
    /// Threads; 0 takes every processor. Part of the configuration, because last bits depend on it: a run keeps the
    /// number that it was made with.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>Samples of a micro-batch; 0 leaves it to the plan.</summary>
    public int MicroBatch { get; init; }

    /// <summary>
    /// Statistics of batch normalisation in the training objective; everything else uses the running ones.
    /// </summary>
    public BatchNormMode BatchNorm { get; init; }

    /// <summary>Memory budget in MiB; 0 takes 60 % of the machine's.</summary>
    public int MemoryMebibytes { get; init; }

    /// <summary>Steps between checkpoints; 0 writes one a minute. One is always written at the end.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Whether the loss of every sample at every step is written to <c>samples/losses.f32</c>.</summary>
    public bool FullLosses { get; init; }

    /// <summary>
    /// Inputs that are put through the network at every step; see <see cref="Probes.ProbeSet"/>. Null for none.
    /// </summary>
    public string? Probes { get; init; }

    /// <summary>Steps whose largest risers and fallers the report shows as they come; null for none.</summary>
    public IReadOnlyList<long>? DumpSteps { get; init; }

    /// <summary>Groups of samples whose mean losses the report follows through the run; null for none.</summary>
    public IReadOnlyList<FollowedGroup>? Follow { get; init; }

    /// <summary>What is done to some training samples; null for nothing.</summary>
    public Intervention? Intervention { get; init; }

    /// <summary>When training stops and what it measures.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>Version of the program that made the run.</summary>
    public string Version { get; init; } = "";

    /// <summary>The device in words, as found when the run was made.</summary>
    public string DeviceDescription { get; init; } = "";

    /// <summary>The optimiser with its step size.</summary>
    /// <exception cref="InputException">There is no such optimiser, or a number is out of range.</exception>
    public Optimizers.Optimizer CreateOptimizer() => Optimizers.Optimizer.Named(Optimizer ?? "gd", StepSize);

    /// <summary>The configuration as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Default.RunConfiguration);

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InputException">The text is not one.</exception>
    public static RunConfiguration FromJson(string path, string text)
    {
        try
        {
            // The generated reader leaves what the text lacks null, not at the defaults above.
            return JsonSerializer.Deserialize(text, RunJson.Default.RunConfiguration)
                is { Loss: not null, Initialization: not null, Device: not null, Training: not null } configuration
                ? configuration
                : throw new InputException(
                    $"{path} is not a run's configuration: it lacks loss, initialisation, device or training.");
        }
        catch (JsonException e)
        {
            throw new InputException($"{path} is not a run's configuration: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}

/// <summary>JSON of the files of a run, without reflection.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunConfiguration))]
[JsonSerializable(typeof(GroupsRecord))]
[JsonSerializable(typeof(Signals.SignalRecord))]
[JsonSerializable(typeof(ForkRecord))]
internal sealed partial class RunJson : JsonSerializerContext;
