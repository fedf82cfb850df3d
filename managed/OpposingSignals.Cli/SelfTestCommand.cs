using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using OpposingSignals.Devices;
using OpposingSignals.SelfTests;

namespace OpposingSignals.Cli;

/// <summary><c>opsig selftest</c>: a device's kernels against the processor's float64.</summary>
internal static class SelfTestCommand
{
    public static Command Create()
    {
        Option<string> device = RunOptions.WithDefault("--device", "cuda", "Which device: cpu, cuda or cuda-emulated.");
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "selftest",
            "Compares every layer's kernels with the processor's float64, in all passes.\nExample: opsig selftest --device cuda");
        command.Options.Add(device);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            using Device under = Device.Named(parsed.GetValue(device)!);
            Console.Error.WriteLine(under.Description);
            SelfTestResult[] results = [.. SelfTest.Run(under)];
            SelfTestResult[] failed = [.. results.Where(result => !result.Passed)];
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(Described(under, results, failed.Length).ToJsonString());
            }
            else
            {
                Print(results, failed);
            }

            return failed.Length == 0 ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
    }

    private static void Print(SelfTestResult[] results, SelfTestResult[] failed)
    {
        foreach (SelfTestResult result in failed)
        {
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"FAILED {result.Name}: error {result.Error:E1}, bound {result.Bound:E1}"));
        }

        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{results.Length - failed.Length} passed, {failed.Length} failed"));
    }

    private static JsonObject Described(Device device, SelfTestResult[] results, int failed) => new()
    {
        ["device"] = device.Description,
        ["passed"] = results.Length - failed,
        ["failed"] = failed,
        ["results"] = new JsonArray([.. results.Select(result => new JsonObject
        {
            ["name"] = result.Name,
            ["error"] = double.IsFinite(result.Error) ? result.Error : null,
            ["bound"] = result.Bound,
            ["passed"] = result.Passed,
        })]),
    };
}
