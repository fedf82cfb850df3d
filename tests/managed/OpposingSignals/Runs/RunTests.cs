using OpposingSignals.Runs;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Runs;

public sealed class RunTests
{
    private static readonly RunConfiguration Small = new()
    {
        Model = "mlp:4:tanh",
        Data = "planted:50",
        Loss = "mse",
        StepSize = 0.1,
        Threads = 1,
        Training = new TrainingOptions { Steps = 6 },
    };

    [Fact]
    public void ARunIsPublishedWhenAllItsFilesAreThere()
    {
        using var folder = new TemporaryFolder();
        using Run run = Run.Create(folder["run"], Small);
        Assert.Equal(Small.Model, run.Folder.ReadConfiguration().Model);
        Assert.True(
            File.Exists(run.Folder.Metrics) && File.Exists(run.Folder.RitzValues) && File.Exists(run.Folder.Movers));
    }

    [Fact]
    public void TheNumberOfThreadsIsKeptForResuming()
    {
        using var folder = new TemporaryFolder();
        using Run run = Run.Create(folder["run"], Small with { Threads = 0 });
        Assert.Equal(Environment.ProcessorCount, run.Folder.ReadConfiguration().Threads);
    }

    [Fact]
    public void ARunIsLockedUntilItIsDisposed()
    {
        using var folder = new TemporaryFolder();
        string root = folder["run"];
        using (Run run = Run.Create(root, Small))
        {
            Assert.Contains("another process",
                Assert.Throws<InputException>(() => Run.Resume(root)).Message, StringComparison.Ordinal);
            Assert.Throws<InputException>(() => Run.Delete(root));
            run.Train();
            using Run seen = Run.Inspect(root);
            Assert.Equal(6, seen.Trainer.Step);
            Assert.Throws<InvalidOperationException>(() => seen.Train());
        }

        Run.Resume(root).Dispose();
        Run.Delete(root);
        Assert.False(Directory.Exists(root));
    }

    [Fact]
    public void ARefusedRunLeavesNoFolderAndNoLock()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<InputException>(() => Run.Create(folder["run"], Small with { StepSize = double.NaN }));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        using (Run run = Run.Create(folder["run"], Small))
        {
            run.Train();
        }

        byte[] state = File.ReadAllBytes(folder["run", "checkpoints", "state.safetensors"]);
        File.WriteAllBytes(folder["run", "checkpoints", "state.safetensors"], state[..100]);
        Assert.Throws<SafeTensorsException>(() => Run.Resume(folder["run"]));
        File.WriteAllBytes(folder["run", "checkpoints", "state.safetensors"], state);
        Run.Resume(folder["run"]).Dispose();
    }

    [Fact]
    public void ARunWithoutACheckpointCannotBeLookedAt()
    {
        using var folder = new TemporaryFolder();
        using Run run = Run.Create(folder["run"], Small);
        Assert.Contains("no checkpoint",
            Assert.Throws<InputException>(() => Run.Inspect(folder["run"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACheckpointOfAnotherRunIsRefused()
    {
        using var folder = new TemporaryFolder();
        foreach ((string name, RunConfiguration configuration) in ((string, RunConfiguration)[])
            [("a", Small), ("b", Small with { Model = "mlp:5:tanh" }), ("c", Small with { Data = "planted:60" })])
        {
            using Run run = Run.Create(folder[name], configuration);
            run.Train();
        }

        foreach (string other in (string[])["b", "c"])
        {
            File.Copy(
                folder[other, "checkpoints", "state.safetensors"], folder["a", "checkpoints", "state.safetensors"],
                overwrite: true);
            Assert.Contains(
                "does not fit this run", Assert.Throws<InputException>(() => Run.Resume(folder["a"])).Message,
                StringComparison.Ordinal);
        }
    }
}
