using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using OpposingSignals.Devices;
using OpposingSignals.SelfTests;

namespace OpposingSignals.Cli;

/// <summary><c>opsig selftest</c>: a device against the processor's float64.</summary>
internal static class SelfTestCommand
{
    public static Command Create()
    {
        Option<string> device = RunOptions.WithDefault("--device", "cuda", "Which device: cpu, cuda or cuda-emulated.");
        Option<string> arithmetic = RunOptions.WithDefault(
            "--arithmetic", "all",
            "How a GPU multiplies in float32 products: fp32, 3xtf32, tf32, bf16, or all of them in turn.");
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "selftest",
            "Compares every layer's kernels in all passes, those of vectors and of optimisers' steps, and losses, "
            + "gradients, curvature products and eigenvalues of small networks, with the processor's float64. Exit "
            + "status 1 where a number is beyond its bound.\n"
            + "Example: opsig selftest --device cuda");
        command.Options.Add(device);
        command.Options.Add(arithmetic);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(device)!;
            var results = new List<SelfTestResult>();
            var described = new List<string>();
            foreach (ProductArithmetic chosen in Arithmetics(name, parsed.GetValue(arithmetic)!))
            {
                using Device under = Device.Named(name, arithmetic: chosen);
                Console.Error.WriteLine(under.Description);
                described.Add(under.Description);
                results.AddRange(SelfTest.Run(under));
            }

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(Described(described[0], results).ToJsonString());
            }
            else
            {
                Print(results);
            }

            return results.Any(result => result.Failed) ? ExitStatus.Failed : ExitStatus.Done;
        });
        return command;
    }

    private static ProductArithmetic[] Arithmetics(string device, string wanted) =>
        wanted != "all" ? [ProductArithmeticExtensions.Named(wanted)]
        : device == "cpu" ? [ProductArithmetic.Float32]
        : Enum.GetValues<ProductArithmetic>();

    // A line per layer or network: its comparisons, and the one that comes nearest to its bound or is furthest beyond
    // it.
    private static void Print(IReadOnlyCollection<SelfTestResult> results)
    {
        int width = results.Max(result => result.Subject.Length);
        Line($"{"".PadRight(width)}  compared  failed  error/bound");
        foreach (IGrouping<string, SelfTestResult> subject in results.GroupBy(result => result.Subject))
        {
            string name = subject.Key.PadRight(width);
            if (subject.First().NotRun is { } reason)
            {
                Line($"{name}  not run: {reason}");
                continue;
            }

            Line(
                $"{name}  {subject.Count(),8}  {subject.Count(result => result.Failed),6}  {subject.Max(Share),11:F3}");
        }

        foreach (SelfTestResult failed in results.Where(result => result.Failed))
        {
            Line($"FAILED {failed.Subject}, {failed.Quantity}: error {failed.Error:E1}, bound {failed.Bound:E1}");
        }

        Line($"{Passed(results)} passed, {Failed(results)} failed{NotRun(results) switch { 0 => "", var n => $", {n} not run" }}");
    }

    private static JsonObject Described(string device, IReadOnlyCollection<SelfTestResult> results) => new()
    {
        ["device"] = device,
        ["passed"] = Passed(results),
        ["failed"] = Failed(results),
        ["notRun"] = NotRun(results),
        ["results"] = new JsonArray([.. results.Select(result => new JsonObject
        {
            ["subject"] = result.Subject,
            ["quantity"] = result.Quantity,
            ["error"] = double.IsFinite(result.Error) ? result.Error : null,
            ["bound"] = result.Bound,
            ["passed"] = result.Passed,
            ["digest"] = result.Digest,
            ["notRun"] = result.NotRun,
        })]),
    };

    private static int Passed(IEnumerable<SelfTestResult> results) => results.Count(result => result.Passed);

    private static int Failed(IEnumerable<SelfTestResult> results) => results.Count(result => result.Failed);

    private static int NotRun(IEnumerable<SelfTestResult> results) =>
        results.Count(result => result.NotRun is not null);

    // A NaN is beyond every bound.
    private static double Share(SelfTestResult result) =>
        double.IsNaN(result.Error) ? double.PositiveInfinity : result.Error / result.Bound;

    private static void Line(FormattableString text) =>
        Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
