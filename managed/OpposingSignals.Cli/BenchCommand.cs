using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using OpposingSignals.Benchmarks;
using OpposingSignals.Benchmarks.Libraries;
using OpposingSignals.Devices;

namespace OpposingSignals.Cli;

/// <summary>
/// <c>opsig bench kernels</c>: how fast each layer's kernels are, beside what the device does at most.
/// </summary>
internal static class BenchCommand
{
    // What is timed where no file is given: one of each kind.
    private static readonly string[] Standard =
    [
        "linear inputs=1024 outputs=1024 samples=1024 vectors=1",
        "convolution input=16x16x64 channels=64 kernel=3 padding=1 samples=64",
        "layernorm input=1x256x256 samples=8", "gelu input=16x16x64 samples=64",
    ];

    public static Command Create()
    {
        var command = new Command("bench", "Measures speed.");
        command.Subcommands.Add(Kernels());
        return command;
    }

    private static Command Kernels()
    {
        Option<string> device = RunOptions.WithDefault("--device", "cpu", "Which device: cpu, cuda or cuda-emulated.");
        Option<string> precision = RunOptions.WithDefault("--precision", "float32", "float32 or float64.");
        Option<string> arithmetic = RunOptions.ArithmeticOption();
        Option<int> threads = RunOptions.WithDefault("--threads", 0, "Threads; 0 takes every processor.");
        Option<string[]> shapes = new("--shapes")
        {
            Description = "Files of shapes, a layer with its sizes on each line; without one, a shape of each kind.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string[]> libraries = new("--libraries")
        {
            Description = "Folders with cuBLAS, cuBLASLt and cuDNN, or the site-packages of a PyTorch that brings them; searched before "
                + "those in OPSIG_LIBRARIES (separated by colons) and the system's.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<double> seconds = RunOptions.WithDefault("--seconds", 0.2, "Time to spend on each pass.");
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "kernels",
            "Times every pass of layers, losses and operations on vectors at given shapes: TFLOP/s of products, GB/s if every operand "
            + "were moved once, and the share of the nearer ceiling. The ceilings are measured first: multiply-adds in registers (not "
            + "those of tensor cores), and a copy. On a GPU cuBLAS, cuBLASLt and cuDNN do the same beside it where they are found, in "
            + "the same arithmetic; rate is our speed over theirs, and difference that of the results.\n"
            + "Example: opsig bench kernels --device cuda --shapes bench/gpu/shapes/resnet18.txt");
        foreach (Option option in (Option[])[device, precision, arithmetic, threads, shapes, libraries, seconds, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed =>
        {
            if (parsed.GetValue(seconds) is not (> 0 and < 3600))
            {
                throw new InputException("The time for each pass must be a positive number of seconds.");
            }

            KernelShape[] timed = parsed.GetValue(shapes) is { Length: > 0 } files
                ? [.. files.SelectMany(KernelShape.Read)]
                : Array.ConvertAll(Standard, KernelShape.Parse);
            Precision elements = RunOptions.ParsePrecision(parsed.GetValue(precision)!);
            using Device under = Device.Named(
                parsed.GetValue(device)!, parsed.GetValue(threads),
                ProductArithmeticExtensions.Named(parsed.GetValue(arithmetic)!));
            using KernelLibraries beside = KernelLibraries.Open(under, Folders(parsed.GetValue(libraries)));
            Console.Error.WriteLine(under.Description);
            foreach (string line in beside.Found.Select(Named).Concat(beside.Missing))
            {
                Console.Error.WriteLine(line);
            }

            Ceilings ceilings = Ceilings.Measure(under, elements, parsed.GetValue(seconds));
            var timings = new List<KernelTiming>();
            bool asJson = parsed.GetValue(json);
            if (!asJson)
            {
                Line($"ceilings: {ceilings.Flops / 1e12:F3} TFLOP/s, {ceilings.Bytes / 1e9:F1} GB/s");
                Line($"{"pass",-18}{"ms",10}{"TFLOP/s",10}{"GB/s",10}{"share",8}  bound by");
            }

            foreach (KernelShape shape in timed)
            {
                IReadOnlyList<KernelTiming> passes = shape.Time(under, elements, parsed.GetValue(seconds), beside);
                timings.AddRange(passes);
                if (!asJson)
                {
                    Print(shape, passes, ceilings);
                }
            }

            if (asJson)
            {
                Console.Out.WriteLine(Described(under, elements, ceilings, beside, timings).ToJsonString());
            }

            return ExitStatus.Done;
        });
        return command;
    }

    private static string[] Folders(string[]? given) =>
    [
        .. given ?? [],
        .. (Environment.GetEnvironmentVariable("OPSIG_LIBRARIES") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries),
    ];

    private static string Named(KernelLibrary library) =>
        string.Create(CultureInfo.InvariantCulture, $"{library.Name} {library.Version}: {library.Path}");

    private static void Print(KernelShape shape, IReadOnlyList<KernelTiming> passes, Ceilings ceilings)
    {
        Line($"{shape.Text}");
        foreach (KernelTiming timing in passes)
        {
            if (timing.NotRun is not null)
            {
                Line($"  {timing.Pass,-16}not run: {timing.NotRun}");
                continue;
            }

            string bound = timing.IsBoundByArithmetic(ceilings) ? "arithmetic" : "memory";
            Line($"  {timing.Pass,-16}{timing.Seconds * 1e3,10:F4}{timing.TeraflopsPerSecond,10:F3}{timing.GigabytesPerSecond,10:F1}{timing.ShareOf(ceilings),8:P0}  {bound}");
            foreach (LibraryTiming library in timing.Libraries)
            {
                Print(timing, library);
            }
        }
    }

    private static void Print(KernelTiming ours, LibraryTiming library)
    {
        if (library.NotRun is not null)
        {
            Line($"    {library.Library,-14}not run: {library.NotRun}");
            return;
        }

        string verdict = library.Agrees
            ? ""
            : $", DIFFERS: not more than {library.Bound.ToString("E1", CultureInfo.InvariantCulture)} was expected";
        Line($"    {library.Library,-14}{library.Seconds * 1e3,10:F4}  rate {library.Seconds / ours.Seconds:P0}, difference {library.Difference:E1}{verdict}");
    }

    private static JsonObject Described(
        Device device, Precision precision, Ceilings ceilings, KernelLibraries libraries,
        IReadOnlyList<KernelTiming> timings) => new()
    {
        ["device"] = device.Description,
        ["precision"] = precision.ToString(),
        ["ceilings"] = new JsonObject { ["flops"] = ceilings.Flops, ["bytes"] = ceilings.Bytes },
        ["libraries"] = new JsonArray([.. libraries.Found.Select(library => new JsonObject
        {
            ["name"] = library.Name,
            ["version"] = library.Version,
            ["path"] = library.Path,
        })]),
        ["missingLibraries"] = new JsonArray([.. libraries.Missing.Select(line => JsonValue.Create(line))]),
        ["timings"] = new JsonArray([.. timings.Select(timing => new JsonObject
        {
            ["shape"] = timing.Shape.Text,
            ["pass"] = timing.Pass,
            ["seconds"] = timing.NotRun is null ? timing.Seconds : null,
            ["flops"] = timing.Flops,
            ["bytes"] = timing.Bytes,
            ["share"] = timing.NotRun is null ? timing.ShareOf(ceilings) : null,
            ["notRun"] = timing.NotRun,
            ["libraries"] = new JsonArray([.. timing.Libraries.Select(Described)]),
        })]),
    };

    private static JsonObject Described(LibraryTiming library) => new()
    {
        ["name"] = library.Library,
        ["seconds"] = Finite(library.Seconds),
        ["difference"] = Finite(library.Difference),
        ["bound"] = library.Bound,
        ["agrees"] = library.NotRun is null ? library.Agrees : null,
        ["notRun"] = library.NotRun,
    };

    // JSON has no NaN.
    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    private static void Line(FormattableString text) =>
        Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
