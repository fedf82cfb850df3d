using System.CommandLine;
using System.Globalization;
using OpposingSignals.Cli;

// A decimal comma must not pass for a thousands separator: '--lr 0,05' would be 5.
var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
culture.NumberFormat.NumberGroupSeparator = "_";
CultureInfo.CurrentCulture = culture;

var root = new RootCommand(
    "Shows which training examples steer a neural network's optimisation and how the curvature of the loss reacts.");
root.Subcommands.Add(DemoCommand.Create());
root.Subcommands.Add(TrainCommand.Create());
root.Subcommands.Add(ResumeCommand.Create());
root.Subcommands.Add(CurvatureCommand.Create());
root.Subcommands.Add(OutliersCommand.Create());
root.Subcommands.Add(ForkCommand.Create());
root.Subcommands.Add(ReportCommand.Create());
root.Subcommands.Add(ExportCommand.Create());
root.Subcommands.Add(SelfTestCommand.Create());
root.Subcommands.Add(BenchCommand.Create());

ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    string problem = parsed.UnmatchedTokens.Count > 0
        ? $"Unrecognized command or argument '{parsed.UnmatchedTokens[0]}'."
        : parsed.Errors[0].Message;
    return Failures.Report(() => throw new OpposingSignals.InputException($"{problem} See 'opsig --help'."));
}

return Failures.Report(() => parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
