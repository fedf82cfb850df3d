using OpposingSignals.Datasets;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Datasets;

public sealed class TextFileTests
{
    [Fact]
    public void EveryTargetIsTheNextCharacter()
    {
        using var folder = new TemporaryFolder();
        string text =
            string.Concat(Enumerable.Range(0, 100).Select(i => "añ\n𝄞zc"[..6].Substring(i % 3 * 2, 2))) + "ende";
        File.WriteAllText(folder["t.txt"], text);
        DatasetPair pair = DatasetCatalog.Load($"text:{folder["t.txt"]}:5");
        Assert.Equal("𝄞", pair.Training.ClassNames[^1]);
        Assert.Equal("\n", pair.Training.ClassNames[0]);
        int[] shape = [.. pair.Training.Inputs.Shape];
        int characters = text.EnumerateRunes().Count();
        Assert.Equal([((characters * 9 / 10) - 1) / 5, 5], shape);
        string whole = Text(pair.Training, pair.Training.Inputs.AsSpan<long>());
        Assert.Equal(string.Concat(text.EnumerateRunes().Take(whole.EnumerateRunes().Count())), whole);
        string next = Text(pair.Training, pair.Training.Targets.AsSpan<long>());
        Assert.Equal(whole.EnumerateRunes().Skip(1), next.EnumerateRunes().SkipLast(1));
        Assert.Equal(shape[1], pair.Test!.Inputs.Shape[1]);
        Assert.Equal(pair.Training.ClassNames, pair.Test.ClassNames);

        Dataset three = DatasetCatalog.Load($"text:{folder["t.txt"]}:5:3").Training;
        Assert.Equal(3, three.Count);
        Assert.Equal(15, three.Targets.Count);
        Assert.Equal(2, three.Select([2, 0]).Count);
    }

    [Fact]
    public void APathMayHaveColonsAndIsSearchedInTheDataFolder()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a:7"], new string('x', 50) + "y");
        Assert.Equal(4, DatasetCatalog.Load("text:a:7:4", folder.Path).Training.Inputs.Shape[1]);
        Assert.Throws<DatasetException>(() => DatasetCatalog.Load("text:a", folder.Path));
    }

    [Fact]
    public void WhatIsNotTextOrTooShortIsRefused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["bytes"], [0x61, 0xff, 0xfe]);
        File.WriteAllText(folder["short"], "four");
        File.WriteAllText(folder["empty"], "");
        foreach (string name in (string[])["bytes:1", "short:3", "short:0", "empty", "short:1:9"])
        {
            Assert.Throws<DatasetException>(() => DatasetCatalog.Load($"text:{folder[name]}"));
        }

        File.WriteAllText(folder["long"], string.Concat(Enumerable.Repeat("no test part ", 3)));
        Assert.Null(DatasetCatalog.Load($"text:{folder["long"]}:8").Test);
    }

    private static string Text(Dataset data, ReadOnlySpan<long> tokens) =>
        string.Concat(tokens.ToArray().Select(token => data.ClassNames[(int)token]));
}
