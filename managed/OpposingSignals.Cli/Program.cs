using System.CommandLine;
using OpposingSignals.Cli;

var root = new RootCommand(
    "Shows which training examples steer a neural network's optimisation and how the curvature of the loss reacts.");
root.Subcommands.Add(DemoCommand.Create());
root.Subcommands.Add(TrainCommand.Create());
root.Subcommands.Add(ResumeCommand.Create());
root.Subcommands.Add(CurvatureCommand.Create());
root.Subcommands.Add(OutliersCommand.Create());
root.Subcommands.Add(ReportCommand.Create());

ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine($"opsig: {parsed.Errors[0].Message.ReplaceLineEndings(" ")} See 'opsig --help'.");
    return ExitStatus.WrongInput;
}

return Failures.Report(() => parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
