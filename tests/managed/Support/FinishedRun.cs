namespace OpposingSignals.Tests.Support;

/// <summary>A short run that was made once and is copied by every test that damages it.</summary>
public sealed class FinishedRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FinishedRun() => CommandLine.Run(SmallRun.Train(_folder["run"], steps: 5)).Expect(0);

    /// <summary>Copies the run and returns the path of the copy.</summary>
    public string CopyTo(string path)
    {
        foreach (string file in Directory.EnumerateFiles(_folder["run"], "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(path, Path.GetRelativePath(_folder["run"], file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return path;
    }

    public void Dispose() => _folder.Dispose();
}
