namespace OpposingSignals.Tests.Support;

/// <summary>Folders that tests read from.</summary>
internal static class Repository
{
    /// <summary>The root of the checkout: the folder with the solution, found from the test assembly upwards.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of reference files and data sets beside the checkout; it need not exist.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(Root, "..", "shared"));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OpposingSignals.Native.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No solution above {AppContext.BaseDirectory}.");
    }
}
