namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>Where the libraries of NVIDIA may lie.</summary>
/// <param name="Folders">Folders that were named: each is searched itself, and as the <c>site-packages</c> of a
/// Python whose PyTorch keeps them in <c>nvidia/*/lib</c>.</param>
/// <param name="TakesOnlyStandIns">For an emulated device, whose memory is not a GPU's: a library must export
/// <c>opsig_stand_in</c>, and the system's are not looked at.</param>
internal sealed record LibrarySearch(IReadOnlyList<string> Folders, bool TakesOnlyStandIns)
{
    /// <summary>Paths to try, in their order.</summary>
    public IEnumerable<string> Candidates(string file, IReadOnlyList<int> versions)
    {
        foreach (string folder in Folders.SelectMany(WithWheels))
        {
            foreach (int version in versions)
            {
                string path = Path.Combine(folder, $"{file}.{version}");
                if (File.Exists(path))
                {
                    yield return path;
                }
            }
        }

        foreach (int version in TakesOnlyStandIns ? [] : versions)
        {
            yield return $"{file}.{version}";
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        IEnumerable<string> places = TakesOnlyStandIns ? Folders : Folders.Append("the system's search path");
        return Folders.Count == 0 && TakesOnlyStandIns ? "any folder, since none was named" : string.Join(", ", places);
    }

    private static IEnumerable<string> WithWheels(string folder)
    {
        yield return folder;
        string packages = Path.Combine(folder, "nvidia");
        string[] found = Directory.Exists(packages) ? Directory.GetDirectories(packages) : [];
        foreach (string package in found.Order(StringComparer.Ordinal))
        {
            yield return Path.Combine(package, "lib");
        }
    }
}
