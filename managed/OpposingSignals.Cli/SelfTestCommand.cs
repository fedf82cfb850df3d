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
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "selftest",
            "Compares every layer's kernels in all passes, and losses, gradients, curvature products and eigenvalues of small "
            + "networks, with the processor's float64. Exit status 1 where a number is beyond its bound.\n"
            + "Example: opsig selftest --device cuda");
        command.Options.Add(device);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using Device under = Device.Named(parsed.GetValue(device)!);
            Console.Error.WriteLine(under.Description);
            SelfTestResult[] results = [.. SelfTest.Run(under)];
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(Described(under, results).ToJsonString());
            }
            else
            {
                Print(results);
            }

            return results.Any(result => result.Failed) ? ExitStatus.Failed : ExitStatus.Done;
        });
        return command;
    }

    // A line per layer or network: its comparisons, and the one that comes nearest to its bound or is furthest beyond it.
    private static void Print(SelfTestResult[] results)
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

            Line($"{name}  {subject.Count(),8}  {subject.Count(result => result.Failed),6}  {subject.Max(Share),11:F3}");
        }

        foreach (SelfTestResult failed in results.Where(result => result.Failed))
        {
            Line($"FAILED {failed.Subject}, {failed.Quantity}: error {failed.Error:E1}, bound {failed.Bound:E1}");
        }

        Line($"{Passed(results)} passed, {Failed(results)} failed{NotRun(results) switch { 0 => "", var n => $", {n} not run" }}");
    }

    private static JsonObject Described(Device device, SelfTestResult[] results) => new()
    {
        ["device"] = device.Description,
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
            ["notRun"] = result.NotRun,
        })]),
    };

    private static int Passed(SelfTestResult[] results) => results.Count(result => result.Passed);

    private static int Failed(SelfTestResult[] results) => results.Count(result => result.Failed);

    private static int NotRun(SelfTestResult[] results) => results.Count(result => result.NotRun is not null);

    // A NaN is beyond every bound.
    private static double Share(SelfTestResult result) =>
        double.IsNaN(result.Error) ? double.PositiveInfinity : result.Error / result.Bound;

    private static void Line(FormattableString text) => Console.Out.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
