using System.CommandLine;
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
            bool asJson = parsed.GetValue(json);
            var table = new SelfTestTable(Console.Out);
            var results = new List<SelfTestResult>();
            var described = new List<string>();
            foreach (ProductArithmetic chosen in Arithmetics(name, parsed.GetValue(arithmetic)!))
            {
                using Device under = Device.Named(name, arithmetic: chosen);
                (asJson ? Console.Error : Console.Out).WriteLine(under.Description);
                described.Add(under.Description);
                IEnumerable<SelfTestResult> found = SelfTest.Run(under);
                results.AddRange(asJson ? found : table.Print(found));
            }

            if (asJson)
            {
                Console.Out.WriteLine(Described(described[0], results).ToJsonString());
            }
            else
            {
                table.PrintSummary(results);
            }

            return results.Any(result => result.Failed) ? ExitStatus.Failed : ExitStatus.Done;
        });
        return command;
    }

    private static ProductArithmetic[] Arithmetics(string device, string wanted) =>
        wanted != "all" ? [ProductArithmeticExtensions.Named(wanted)]
        : device == "cpu" ? [ProductArithmetic.Float32]
        : Enum.GetValues<ProductArithmetic>();

    private static JsonObject Described(string device, IReadOnlyCollection<SelfTestResult> results) => new()
    {
        ["device"] = device,
        ["passed"] = results.Count(result => result.Passed),
        ["failed"] = results.Count(result => result.Failed),
        ["notRun"] = results.Count(result => result.NotRun is not null),
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
}
