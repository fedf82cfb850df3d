using System.CommandLine;

namespace OpposingSignals.Cli;

/// <summary>
/// The option that asks for one JSON object on standard output and everything else on standard error.
/// </summary>
internal static class JsonOutput
{
    public static Option<bool> Option() => new("--json")
    {
        Description = "Print one JSON object on standard output; everything else goes to standard error.",
    };
}
