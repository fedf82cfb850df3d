using System.Diagnostics;
using OpposingSignals.Tests.Support;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Cli;

[Collection(CommandLineCollection.Name)]
public sealed class KillTests(ITestOutputHelper report)
{
    private const int Kills = 20;
    private const int Steps = 400;

    [Fact]
    public void TwentyKillsAtRandomInstantsChangeNoBit()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"];
        TimeSpan startUp = Time(SmallRun.Train(folder["short"], steps: 1));
        TimeSpan all = Time(SmallRun.Train(whole, Steps));

        // From before the first file to well into the steps. Where the machine is quick and a run ends, another takes
        // its place.
        double latest = (startUp + ((all - startUp) / Kills * 2)).TotalMilliseconds;
        var random = new Random(20);
        int runs = 0, kills = 0, torn = 0;
        string run = folder["run0"];
        while (kills < Kills)
        {
            using RunningCommand command = Go(run);
            if (!Kill(command, TimeSpan.FromMilliseconds(latest * (0.2 + (0.8 * random.NextDouble())))))
            {
                SmallRun.AssertSame(whole, run);
                run = folder[$"run{++runs}"];
                continue;
            }

            kills++;
            torn += File.Exists(Path.Combine(run, "checkpoints", "state.safetensors.partial")) ? 1 : 0;
        }

        using RunningCommand last = Go(run);
        last.Wait(TimeSpan.FromMinutes(1)).Expect(0);
        SmallRun.AssertSame(whole, run);
        report.WriteLine(
            $"{kills} kills in {runs + 1} runs, {torn} while a checkpoint was written; {all.TotalSeconds:F1} s without a kill.");
    }

    [Fact]
    public void KillsWhileARunIsMadeLeaveAFolderThatResumesOrTakesANewRun()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"];
        string[] Short(string run) => SmallRun.Train(run, steps: 12, checkpointEvery: 5);
        double startUp = Time(Short(whole)).TotalMilliseconds;
        var random = new Random(8);
        int unborn = 0, young = 0;
        for (int i = 0; i < 8; i++)
        {
            string run = folder[$"run{i}"];
            using (RunningCommand command = CommandLine.Start(Short(run)))
            {
                Kill(command, TimeSpan.FromMilliseconds(startUp * (0.1 + (0.6 * random.NextDouble()))));
            }

            bool born = File.Exists(Path.Combine(run, "run.json"));
            unborn += born ? 0 : 1;
            young += born && !File.Exists(Path.Combine(run, "checkpoints", "state.safetensors")) ? 1 : 0;
            CommandLine.Run(born ? ["resume", run] : Short(run)).Expect(0);
            SmallRun.AssertSame(whole, run);
        }

        report.WriteLine(
            $"8 kills: {unborn} before the run had a configuration, {young} between that and the first checkpoint.");
    }

    [Fact]
    public void AFolderThatAKillLeftWithoutAConfigurationIsNoRunAndTakesOne()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], killed = folder["killed"];
        CommandLine.Run(SmallRun.Train(whole, steps: 20)).Expect(0);

        // What a kill just before the configuration is renamed leaves; the checkpoint is that of an older run.
        folder.Write("killed/run.json.partial", "{ torn"u8);
        folder.Write("killed/metrics.csv", "step,lo"u8);
        folder.Write("killed/checkpoints/state.safetensors", File.ReadAllBytes(
            Path.Combine(whole, "checkpoints", "state.safetensors")));
        string message = CommandLine.Run("resume", killed).OneLine(2);
        Assert.Contains("holds no run", message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(killed, "run.lock")));

        CommandLine.Run(SmallRun.Train(killed, steps: 20)).Expect(0);
        SmallRun.AssertSame(whole, killed);
    }

    [Fact]
    public void AFolderWithAConfigurationAndNothingElseResumesFromTheStart()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], killed = folder["killed"];
        CommandLine.Run(SmallRun.Train(whole, steps: 20)).Expect(0);
        foreach (string part in (string[])["eigen", "samples", "checkpoints"])
        {
            Directory.CreateDirectory(Path.Combine(killed, part));
        }

        File.Copy(Path.Combine(whole, "run.json"), Path.Combine(killed, "run.json"));
        CommandLine.Run("resume", killed).Expect(0);
        SmallRun.AssertSame(whole, killed);
    }

    // Whether the kill came in time; a command that it came too late for has done its work.
    private static bool Kill(RunningCommand command, TimeSpan after)
    {
        if (!command.Ends(after))
        {
            command.Kill();
        }

        int status = command.Wait(TimeSpan.FromSeconds(30)).Status;
        Assert.True(status is 0 or CommandLine.Killed, $"Status {status}.");
        return status == CommandLine.Killed;
    }

    private static RunningCommand Go(string run) =>
        File.Exists(Path.Combine(run, "run.json"))
            ? CommandLine.Start("resume", run)
            : CommandLine.Start(SmallRun.Train(run, Steps, checkpointEvery: 2));

    private static TimeSpan Time(string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        CommandLine.Run(arguments).Expect(0);
        return watch.Elapsed;
    }
}
