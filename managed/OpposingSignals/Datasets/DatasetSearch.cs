using System.Collections.Immutable;

namespace OpposingSignals.Datasets;

/// <summary>Finds the folder that holds the files of a data set.</summary>
internal static class DatasetSearch
{
    /// <summary>The environment variable that names a folder of data sets.</summary>
    public const string EnvironmentVariable = "OPSIG_DATA";

    // Where Debian's data set packages put theirs.
    private const string SystemFolder = "/usr/share/datasets";

    /// <summary>
    /// Folders of data sets, in the order of the search: the given one, that of the environment, the system's.
    /// </summary>
    public static ImmutableArray<string> Roots(string? dataFolder) =>
        [.. new[] { dataFolder, Environment.GetEnvironmentVariable(EnvironmentVariable), SystemFolder }
            .OfType<string>().Where(root => root.Length > 0)];

    /// <summary>The first folder that lacks no file.</summary>
    /// <param name="name">The data set, for the message.</param>
    /// <param name="roots">Folders of data sets.</param>
    /// <param name="folders">Names that the data set's own folder may have below a root.</param>
    /// <param name="missing">Files that a folder lacks.</param>
    /// <param name="advice">How to get the data set, as a sentence.</param>
    /// <exception cref="DatasetException">
    /// No folder has all files; the message says what each of them lacks.
    /// </exception>
    public static string Find(
        string name,
        ImmutableArray<string> roots,
        ImmutableArray<string> folders,
        Func<string, IReadOnlyList<string>> missing,
        string advice)
    {
        List<string> searched = [];
        foreach (string root in roots)
        {
            foreach (string folder in folders.Select(folder => Path.Combine(root, folder)))
            {
                if (!Directory.Exists(folder))
                {
                    searched.Add($"{folder} (no such folder)");
                    continue;
                }

                IReadOnlyList<string> absent = missing(folder);
                if (absent.Count == 0)
                {
                    return folder;
                }

                searched.Add($"{folder} (no {string.Join(", no ", absent)})");
            }
        }

        throw new DatasetException(
            $"{name} was not found; searched {string.Join(", ", searched)}. {advice} Name the folder above '{folders[0]}' with " +
            $"--data-dir or {EnvironmentVariable}.");
    }
}
