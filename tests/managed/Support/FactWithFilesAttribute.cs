namespace OpposingSignals.Tests.Support;

/// <summary>
/// A test that needs files from outside the checkout; where one is missing it is skipped and says so.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactWithFilesAttribute : FactAttribute
{
    /// <param name="paths">The files: absolute, or relative to <see cref="Repository.Shared"/>.</param>
    public FactWithFilesAttribute(params string[] paths)
    {
        if (Array.Find(paths, path => !File.Exists(Path.Combine(Repository.Shared, path))) is { } missing)
        {
            Skip = $"{Path.Combine(Repository.Shared, missing)} is not there.";
        }
    }
}
