using System.Globalization;

namespace OpposingSignals.Runs;

/// <summary>Samples that are followed through a whole run, whatever they turn out to do.</summary>
/// <param name="Name">What the report calls them.</param>
/// <param name="Samples">Their indices in the training data.</param>
public sealed record FollowedGroup(string Name, IReadOnlyList<int> Samples)
{
    /// <summary>Reads a file of indices, separated by white space or commas.</summary>
    /// <exception cref="InputException">The file cannot be read, or holds something else, or nothing.</exception>
    public static FollowedGroup Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"The group {path} cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        int[] samples =
        [
            .. text.Split([' ', '\t', '\r', '\n', ','], StringSplitOptions.RemoveEmptyEntries).Select(entry =>
                int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                    ? index
                    : throw new InputException($"{path} is not a list of sample indices: it holds '{entry}'.")).Distinct(),
        ];
        return samples.Length > 0
            ? new FollowedGroup(Path.GetFileNameWithoutExtension(path), samples)
            : throw new InputException($"{path} holds no index of a sample.");
    }

    /// <summary>Refuses samples that are not there.</summary>
    /// <exception cref="InputException">An index is too large.</exception>
    public void Require(int samples)
    {
        foreach (int index in Samples)
        {
            if (index < 0 || index >= samples)
            {
                throw new InputException($"The group '{Name}' has sample {index}; there are {samples}.");
            }
        }
    }
}
