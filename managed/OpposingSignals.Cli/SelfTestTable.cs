using System.Globalization;
using OpposingSignals.SelfTests;

namespace OpposingSignals.Cli;

/// <summary>
/// A self-test as a table that grows while it runs: a line per layer or network as soon as it is compared, with the
/// number of its comparisons and the one that comes nearest to its bound or is furthest beyond it.
/// </summary>
/// <param name="to">Where lines are written.</param>
internal sealed class SelfTestTable(TextWriter to)
{
    /// <summary>Writes a heading and the lines of one device.</summary>
    /// <param name="results">Those of a subject one after another, in the making.</param>
    /// <returns>The results.</returns>
    public IReadOnlyList<SelfTestResult> Print(IEnumerable<SelfTestResult> results)
    {
        Line($"compared  failed  error/bound");
        var all = new List<SelfTestResult>();
        var subject = new List<SelfTestResult>();
        foreach (SelfTestResult result in results)
        {
            if (subject.Count > 0 && subject[0].Subject != result.Subject)
            {
                Print(subject);
                subject.Clear();
            }

            subject.Add(result);
            all.Add(result);
        }

        Print(subject);
        return all;
    }

    /// <summary>Writes what failed, and counts.</summary>
    public void PrintSummary(IReadOnlyCollection<SelfTestResult> results)
    {
        foreach (SelfTestResult failed in results.Where(result => result.Failed))
        {
            Line($"FAILED {failed.Subject}, {failed.Quantity}: error {failed.Error:E1}, bound {failed.Bound:E1}");
        }

        int passed = results.Count(result => result.Passed), failures = results.Count(result => result.Failed);
        int notRun = results.Count - passed - failures;
        Line($"{passed} passed, {failures} failed{(notRun == 0 ? "" : $", {notRun} not run")}");
    }

    private void Print(List<SelfTestResult> subject)
    {
        if (subject is not [var first, ..])
        {
            return;
        }

        if (first.NotRun is { } reason)
        {
            Line($"{subject.Count,8}  not run: {first.Subject}: {reason}");
            return;
        }

        int failures = subject.Count(result => result.Failed);
        Line($"{subject.Count,8}  {failures,6}  {subject.Max(Share),11:F3}  {first.Subject}");
    }

    // A NaN is beyond every bound.
    private static double Share(SelfTestResult result) =>
        double.IsNaN(result.Error) ? double.PositiveInfinity : result.Error / result.Bound;

    private void Line(FormattableString text)
    {
        to.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        // Where the output is a pipe or a file, whoever watches it sees how far the test is.
        to.Flush();
    }
}
