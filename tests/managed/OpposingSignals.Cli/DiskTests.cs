using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Cli;

/// <summary>
/// A disk that is full or cannot be written gives one line and status 1, and the run goes on once there is room.
/// </summary>
[Collection(CommandLineCollection.Name)]
public sealed class DiskTests
{
    [Fact]
    public void AFolderThatCannotBeMadeIsNamed()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("file", "content"u8);
        foreach (string run in (string[])[Path.Combine(file, "run"), "/proc/nothing/run"])
        {
            Assert.Contains(run, CommandLine.Run(SmallRun.Train(run, steps: 2)).OneLine(1), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ARunThatMeetsAFullDiskGoesOnBitwiseWhenThereIsRoom()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"];
        CommandLine.Run(SmallRun.Train(whole, steps: 60)).Expect(0);

        // A file system of its own that only this process sees; room for some steps and not for all checkpoints.
        Directory.CreateDirectory(folder["disk"]);
        CommandResult result = CommandLine.Shell(
            $"""
            exec unshare --mount bash -c 'cd "{folder.Path}" && mount -t tmpfs -o size=300k none disk || exit 77
            "$@"; echo "first $?"
            mount -o remount,size=20m disk
            "$1" "$2" resume disk/run; echo "second $?"
            cp -r disk/run copy' bash "$@"
            """,
            SmallRun.Train("disk/run", steps: 60));
        if (result.Status is 1 or 77 && !result.Output.Contains("first", StringComparison.Ordinal))
        {
            // Only root may mount; the limit on the size of files below tests the same for everybody.
            return;
        }

        result.Expect(0);
        Assert.Contains("first 1", result.Output, StringComparison.Ordinal);
        Assert.Contains("second 0", result.Output, StringComparison.Ordinal);
        Assert.Contains("No space left", Assert.Single(result.Complaints), StringComparison.Ordinal);
        SmallRun.AssertSame(whole, folder["copy"]);
    }

    [Fact]
    public void ARunThatMeetsALimitOnTheSizeOfFilesGoesOnBitwise()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole"], limited = folder["limited"];
        CommandLine.Run(SmallRun.Train(whole, steps: 60)).Expect(0);

        // The checkpoint, the first file to grow beyond 64 KiB, cannot be finished.
        CommandResult result = CommandLine.Shell(
            "trap '' XFSZ; ulimit -f 64; exec env DOTNET_EnableWriteXorExecute=0 \"$@\"",
            SmallRun.Train(limited, steps: 60)).Expect(1);
        Assert.Contains("state.safetensors", Assert.Single(result.Complaints), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(limited, "checkpoints", "state.safetensors.partial")));
        CommandLine.Run("resume", limited).Expect(0);
        SmallRun.AssertSame(whole, limited);
    }

    [Theory]
    [InlineData("2>/dev/full")]
    [InlineData(">/dev/full")]
    public void OutputThatCannotBeWrittenFailsWithoutACrash(string redirection)
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        CommandResult result = CommandLine.Shell($"\"$@\" {redirection}", [.. SmallRun.Train(run, steps: 2), "--json"]);
        result.Expect(1);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        CommandLine.Run("resume", run).Expect(0);
    }

    [Fact]
    public void ALogThatCannotBeWrittenDoesNotFailTheRun()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["full"]);
        File.CreateSymbolicLink(folder["full", "log.txt"], "/dev/full");
        CommandLine.Run(SmallRun.Train(folder["full"], steps: 2)).Expect(0);

        // A folder in its place.
        Directory.CreateDirectory(folder["taken", "log.txt"]);
        CommandLine.Run(SmallRun.Train(folder["taken"], steps: 2)).Expect(0);
    }
}
