using OpposingSignals.Cli;
using OpposingSignals.SelfTests;

namespace OpposingSignals.Tests.Cli;

public sealed class SelfTestTableTests
{
    [Fact]
    public void ASubjectsLineIsWrittenBeforeTheNextOneIsCompared()
    {
        using var output = new StringWriter();
        var table = new SelfTestTable(output);
        SelfTestResult[] results = [.. table.Print(InTheMaking())];
        Assert.Equal(5, results.Length);
        Assert.Equal(
            [
                "compared  failed  error/bound",
                "       2       1        2.500  first",
                "       1       0        0.500  second",
                "       1  not run: third: no kernels",
                "       1       1     Infinity  fourth",
            ],
            Lines(output));

        IEnumerable<SelfTestResult> InTheMaking()
        {
            yield return Result("first", 0.5);
            yield return Result("first", 2.5);
            Assert.Single(Lines(output));
            yield return Result("second", 0.5);
            Assert.Equal(2, Lines(output).Length);
            yield return Result("third", double.NaN) with { NotRun = "no kernels" };
            Assert.Equal(3, Lines(output).Length);
            yield return Result("fourth", double.NaN);
        }
    }

    [Fact]
    public void TheSummaryNamesWhatFailedAndEndsWithCounts()
    {
        using var output = new StringWriter();
        new SelfTestTable(output).PrintSummary([Result("first", 0.5), Result("first", 2), Result("second", 1)]);
        Assert.Equal(
            ["FAILED first, gradient: error 2.0E-003, bound 1.0E-003", "2 passed, 1 failed"], Lines(output));
    }

    private static SelfTestResult Result(string subject, double share) =>
        new(subject, "gradient", share * 1e-3, 1e-3, Digest: null);

    private static string[] Lines(StringWriter output) =>
        output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
