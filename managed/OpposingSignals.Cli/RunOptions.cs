using System.CommandLine;
using OpposingSignals.Devices;
using OpposingSignals.Runs;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary>The options that describe what is trained or measured, and their way into a configuration.</summary>
internal sealed class RunOptions
{
    public Option<string> Model { get; } = Required<string>(
        "--model", $"The network: {string.Join("; ", Networks.ModelCatalog.Forms)}.");

    public Option<string> Data { get; } = Required<string>(
        "--data", $"The data set: {string.Join("; ", Datasets.DatasetCatalog.Forms)}.");

    public Option<string?> DataFolder { get; } = new("--data-dir")
    {
        Description = "Folder of data sets, searched before OPSIG_DATA and the system's.",
    };

    public Option<string?> Normalization { get; } = new("--normalization")
    {
        Description = "How pictures become inputs: none, unit, pixel, channel, imagenet. By default pixel for cifar10, channel otherwise.",
    };

    public Option<string> Loss { get; } = WithDefault(
        "--loss", "ce", "ce (cross-entropy), ce:SMOOTHING (with smoothed labels) or mse (half the squared error).");

    public Option<string> Initialization { get; } = WithDefault(
        "--init", "pytorch", "Start values: pytorch, xavier-normal[:GAIN,...], kaiming-normal.");

    public Option<string?> Weights { get; } = new("--weights")
    {
        Description = "Start from this PyTorch state dict (safetensors).",
    };

    public Option<string?> Freeze { get; } = new("--freeze")
    {
        Description = "Parameters that stay as they are and count as constants: NAME,... where a name may end in *.",
    };

    public Option<ulong> Seed { get; } = WithDefault("--seed", 0UL, "Seed of the start values.");

    public Option<string> Device { get; } = WithDefault("--device", "cpu",
        "Where to compute: cpu, cuda (an NVIDIA GPU) or cuda-emulated (its kernels on the host, for tests).");

    public Option<string> Precision { get; } = WithDefault("--precision", "float32", "float32 or float64.");

    public Option<string> Arithmetic { get; } = ArithmeticOption();

    public Option<int> Threads { get; } = WithDefault("--threads", 0, "Threads; 0 takes every processor.");

    public Option<int> MicroBatch { get; } =
        WithDefault("--micro-batch", 0, "Samples of a micro-batch; 0 leaves it to the plan.");

    public Option<string> BatchNorm { get; } = WithDefault(
        "--batch-norm", "train",
        "Statistics of batch normalisation: train (of each micro-batch, whose size must be given) or eval.");

    public Option<int> Memory { get; } =
        WithDefault("--memory", 0, "Memory budget in MiB; 0 takes 60 % of the machine's.");

    public static Option<string> ArithmeticOption() => WithDefault(
        "--arithmetic", "fp32",
        "How a GPU multiplies in float32 products: fp32 (exact), 3xtf32, tf32 or bf16 (tensor cores).");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[
            Model, Data, DataFolder, Normalization, Loss, Initialization, Weights, Freeze, Seed, Device, Precision,
            Arithmetic,
            Threads, MicroBatch, BatchNorm, Memory])
        {
            command.Options.Add(option);
        }
    }

    public RunConfiguration Read(ParseResult parsed, double stepSize, TrainingOptions training) => new()
    {
        Model = parsed.GetValue(Model)!,
        Data = parsed.GetValue(Data)!,
        DataFolder = AbsolutePath(parsed, DataFolder),
        Normalization = parsed.GetValue(Normalization),
        Loss = parsed.GetValue(Loss)!,
        Initialization = parsed.GetValue(Initialization)!,
        Weights = AbsolutePath(parsed, Weights),
        Freeze = parsed.GetValue(Freeze),
        Seed = parsed.GetValue(Seed),
        Device = parsed.GetValue(Device)!,
        Precision = ParsePrecision(parsed.GetValue(Precision)!),
        Arithmetic = ProductArithmeticExtensions.Named(parsed.GetValue(Arithmetic)!),
        Threads = parsed.GetValue(Threads),
        MicroBatch = parsed.GetValue(MicroBatch),
        BatchNorm = parsed.GetValue(BatchNorm) switch
        {
            "train" => Networks.BatchNormMode.Train,
            "eval" => Networks.BatchNormMode.Eval,
            var other => throw new InputException(
                $"There is no mode '{other}' of batch normalisation. Known: train, eval."),
        },
        MemoryMebibytes = parsed.GetValue(Memory),
        StepSize = stepSize,
        Training = training,
    };

    internal static Option<T> WithDefault<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    internal static Option<string?> Optimizer(string description) =>
        new("--optimizer") { Description = $"{description}: {Optimizers.Optimizer.Forms}." };

    internal static Option<T> Required<T>(string name, string description) =>
        new(name) { Description = description, Required = true };

    // A run may be resumed from another folder than the one it was started in.
    private static string? AbsolutePath(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) switch
    {
        null => null,
        "" => throw new InputException($"The path given with {option.Name} is empty."),
        var path => Path.GetFullPath(path),
    };

    internal static Precision ParsePrecision(string name) => name switch
    {
        "float32" => Devices.Precision.Float32,
        "float64" => Devices.Precision.Float64,
        _ => throw new InputException($"There is no precision '{name}'. Known: float32, float64."),
    };
}
