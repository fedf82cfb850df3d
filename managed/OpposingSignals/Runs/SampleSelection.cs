using System.Globalization;

namespace OpposingSignals.Runs;

/// <summary>Samples by name, as the command line writes them.</summary>
public static class SampleSelection
{
    /// <summary>The names that <see cref="Parse"/> knows.</summary>
    public const string Forms =
        "A (a pair of the last analysis), A.up, A.down, random:COUNT[:SEED], or INDEX,INDEX,...";

    /// <summary>The samples of a name.</summary>
    /// <param name="folder">The run whose pairs are meant.</param>
    /// <param name="samples">Samples in the run's data.</param>
    /// <param name="name">One of <see cref="Forms"/>.</param>
    /// <exception cref="InputException">There is no such pair, or the name is none of the forms.</exception>
    public static IReadOnlyList<int> Parse(RunFolder folder, int samples, string name)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(name);
        string[] parts = name.Split(':');
        if (parts is ["random", var count, ..] && parts.Length <= 3)
        {
            ulong seed = 0;
            if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int chosen)
                || chosen < 1 || chosen > samples
                || (parts.Length == 3
                    && !ulong.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out seed)))
            {
                throw new InputException($"'{name}' is not random:COUNT[:SEED] with a COUNT from 1 to {samples}.");
            }

            int[] all = [.. Enumerable.Range(0, samples)];
            new Xoshiro256(seed).Shuffle(all.AsSpan());
            return all[..chosen];
        }

        if (name.Length > 0 && char.IsAsciiDigit(name[0]))
        {
            return [.. name.Split(',').Select(text =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < samples
                    ? index
                    : throw new InputException($"'{text}' is not the index of one of the {samples} samples."))];
        }

        return OfPair(folder, name);
    }

    private static IReadOnlyList<int> OfPair(RunFolder folder, string name)
    {
        GroupsRecord groups = GroupsRecord.Read(folder);
        string[] parts = name.Split('.');
        PairRecord? pair = groups.Pairs.FirstOrDefault(known => known.Name == parts[0]);
        return (pair, parts) switch
        {
            ({ } found, [_]) => [.. found.Up.Indices, .. found.Down.Indices],
            ({ } found, [_, "up"]) => found.Up.Indices,
            ({ } found, [_, "down"]) => found.Down.Indices,
            _ => throw new InputException(
                $"There are no samples '{name}'. Known pairs: {string.Join(", ", groups.Pairs.Select(known => known.Name))}; forms: {Forms}."),
        };
    }
}
