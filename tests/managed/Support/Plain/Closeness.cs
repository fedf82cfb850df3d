using Xunit.Abstractions;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>Assertions on numbers beside their plain evaluation.</summary>
public static class Closeness
{
    /// <summary>Asserts |library − plain| ≤ factor · max |plain| in every element.</summary>
    public static void Relative(string quantity, Bounded[] plain, double[] library, double factor)
    {
        Assert.Equal(plain.Length, library.Length);
        double scale = plain.Max(number => Math.Abs(number.Value));
        for (int i = 0; i < plain.Length; i++)
        {
            Assert.False(
                !(Math.Abs(library[i] - plain[i].Value) <= factor * scale),
                $"{quantity}, element {i}: {plain[i].Value:R}, but got {library[i]:R}");
        }
    }

    /// <summary>
    /// Asserts that every element is within its bound, and in norm within <paramref name="sane"/>, so that a bound
    /// which has grown past all use cannot hide a fault. Prints the largest ratio of error to bound: the slack of the
    /// bounds.
    /// </summary>
    public static void WithinBounds(
        string quantity, Bounded[] plain, double[] library, double sane, ITestOutputHelper output)
    {
        Assert.Equal(plain.Length, library.Length);
        double ratio = 0, difference = 0, norm = 0;
        for (int i = 0; i < plain.Length; i++)
        {
            double error = Math.Abs(library[i] - plain[i].Value);
            Assert.False(
                !(error <= plain[i].Error),
                $"{quantity}, element {i}: {plain[i]}, but got {library[i]:R}, off by {error:E2}");
            ratio = error > 0 ? Math.Max(ratio, error / plain[i].Error) : ratio;
            difference += error * error;
            norm += plain[i].Value * plain[i].Value;
        }

        Assert.False(
            !(Math.Sqrt(difference) <= sane * Math.Sqrt(norm)),
            $"{quantity}: relative error {Math.Sqrt(difference / norm):E2} in norm");
        output.WriteLine(
            $"{quantity}: largest error/bound {ratio:F3}, relative error {Math.Sqrt(difference / norm):E1}");
    }
}
