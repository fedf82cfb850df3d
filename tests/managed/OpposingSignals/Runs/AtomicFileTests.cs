using OpposingSignals.Runs;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Runs;

public sealed class AtomicFileTests
{
    [Fact]
    public void ContentReplacesTheOldFileAndNothingElseRemains()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", "a longer old content"u8);
        AtomicFile.WriteText(path, "new");
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void AnyFailureOfTheWriterLeavesTheOldFileAlone()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.txt", "old"u8);
        var thrown = new InvalidOperationException("stop");
        Assert.Same(thrown, Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            throw thrown;
        })));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public void AFullDiskLeavesNoFile(int length)
    {
        using var folder = new TemporaryFolder();

        // The device takes no byte: every write ends as it does on a disk without space.
        File.CreateSymbolicLink(folder["a.bin.partial"], "/dev/full");
        IOException e = Assert.Throws<IOException>(
            () => AtomicFile.Write(folder["a.bin"], stream => stream.Write(new byte[length])));
        Assert.Contains(folder["a.bin"], e.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void AMissingFolderIsNamed()
    {
        using var folder = new TemporaryFolder();
        IOException e = Assert.Throws<IOException>(() => AtomicFile.WriteText(folder["none", "a.txt"], ""));
        Assert.StartsWith(folder["none", "a.txt"], e.Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => AtomicFile.FlushFolder(folder["none"]));
    }

    [Fact]
    public void ASecondWriterIsRefusedAndDoesNotDisturbTheFirst()
    {
        using var folder = new TemporaryFolder();
        string path = folder["a.txt"];
        AtomicFile.Write(path, stream =>
        {
            stream.Write("first"u8);
            Assert.Throws<IOException>(() => AtomicFile.WriteText(path, "second"));
        });
        Assert.Equal("first", File.ReadAllText(path));
    }

    [Fact]
    public void WhatAKillLeftBehindIsOverwritten()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.txt.partial", "a longer torn content"u8);
        AtomicFile.WriteText(folder["a.txt"], "whole");
        Assert.Equal("whole", File.ReadAllText(folder["a.txt"]));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }
}
