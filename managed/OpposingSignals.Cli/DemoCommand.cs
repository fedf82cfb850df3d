using System.CommandLine;
using OpposingSignals.Runs;
using OpposingSignals.Training;

namespace OpposingSignals.Cli;

/// <summary><c>opsig demo</c>: the whole tool on real pictures in a few minutes.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        Option<string> folder = RunOptions.WithDefault(
            "--out", Path.Combine("runs", "demo"), "Folder of the run; an older demo in it is replaced.");
        Option<string?> data = new("--data-dir") { Description = "Folder with fashion-mnist, if the system has none." };
        Option<bool> json = JsonOutput.Option();
        var command = new Command(
            "demo",
            "Trains a small network on Fashion-MNIST to the edge of stability, finds the opposing groups, and writes a report.\n" +
            "Example: opsig demo");
        command.Options.Add(folder);
        command.Options.Add(data);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(folder)!;
            RemoveOlderDemo(path);
            using Run run = Run.Create(path, Configuration(parsed.GetValue(data)));
            return RunSession.Execute(run, parsed.GetValue(json));
        });
        return command;
    }

    private static RunConfiguration Configuration(string? dataFolder) => new()
    {
        Model = "mlp:200,200:tanh",
        Data = "fashion-mnist:1000",
        DataFolder = dataFolder,
        Loss = "mse",
        StepSize = 0.05,
        Training = new TrainingOptions { Steps = 600, EigenCount = 2, TestEvery = 25 },
    };

    // Only a folder that holds a run of the demo is ever removed.
    private static void RemoveOlderDemo(string path)
    {
        var folder = new RunFolder(path);
        if (!File.Exists(folder.Configuration))
        {
            return;
        }

        RunConfiguration found = folder.ReadConfiguration();
        if (found.Model != Configuration(null).Model || found.Data != Configuration(null).Data)
        {
            throw new InputException($"{path} holds a run that is not the demo's. Choose another folder with --out.");
        }

        Run.Delete(path);
    }
}
