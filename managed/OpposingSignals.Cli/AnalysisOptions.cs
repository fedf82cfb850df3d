using System.CommandLine;
using OpposingSignals.Runs;

namespace OpposingSignals.Cli;

/// <summary>Options of the verbs that analyse a run.</summary>
internal static class AnalysisOptions
{
    /// <summary><c>--random N</c>.</summary>
    public static Option<int> RandomSamples() => new("--random")
    {
        Description = "Random samples that a pair's members are compared with: the more, the better their 95th percentile " +
            "is known. Each costs about 20 Hessian-vector products of one sample.",
        DefaultValueFactory = _ => RunAnalysis.DefaultRandomSamples,
        HelpName = "N",
    };
}
