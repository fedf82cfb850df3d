using System.Globalization;
using OpposingSignals.Runs;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Runs;

public sealed class MetricsFileTests
{
    [Fact]
    public void ValuesComeBackBitForBitAndGapsStayGaps()
    {
        using var folder = new TemporaryFolder();
        string path = folder["metrics.csv"];
        double[] values =
            [0.1, -0.0, double.Epsilon, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
        using (MetricsFile file = MetricsFile.Create(path, ["loss", "sharpness"]))
        {
            for (int i = 0; i < values.Length; i++)
            {
                file.Append(10 * i, values[i], null);
            }
        }

        MetricsTable table = MetricsFile.Read(path);
        Assert.Equal([0, 10, 20, 30, 40, 50, 60], table.Steps);
        Assert.Equal(["loss", "sharpness"], table.Columns.Keys);
        Assert.Equal(
            values.Select(BitConverter.DoubleToInt64Bits),
            table["loss"].Select(v => BitConverter.DoubleToInt64Bits(v!.Value)));
        Assert.All(table["sharpness"], value => Assert.Null(value));
    }

    [Fact]
    public void TheTextDoesNotDependOnTheCulture()
    {
        using var folder = new TemporaryFolder();
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            culture.NumberFormat.NumberDecimalSeparator = ",";
            culture.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = culture;
            using (MetricsFile file = MetricsFile.Create(folder["m.csv"], ["a", "b"]))
            {
                file.Append(-1, -1.5, null);
                file.Append(0, null, 1e-300);
            }

            Assert.Equal(-1.5, MetricsFile.Read(folder["m.csv"])["a"][0]);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        Assert.Equal("step,a,b\n-1,-1.5,\n0,,1E-300\n", File.ReadAllText(folder["m.csv"]));
    }

    [Fact]
    public void ARunKilledAtAnyByteEndsWithTheFileOfAnUninterruptedOne()
    {
        using var folder = new TemporaryFolder();
        string whole = folder["whole.csv"], resumed = folder["resumed.csv"];
        using (MetricsFile file = MetricsFile.Create(whole, ["loss"]))
        {
            AppendSteps(file, 0, 12);
        }

        byte[] expected = File.ReadAllBytes(whole);
        int checkpoint = File.ReadAllText(whole).IndexOf("\n5,", StringComparison.Ordinal) + 1;
        for (int length = checkpoint; length <= expected.Length; length++)
        {
            File.WriteAllBytes(resumed, expected[..length]);
            using (MetricsFile file = MetricsFile.OpenForResume(resumed, 4))
            {
                Assert.Equal(4, file.LastStep);
                Assert.Equal(["loss"], file.Columns);
                AppendSteps(file, 5, 12);
            }

            Assert.Equal(expected, File.ReadAllBytes(resumed));
        }
    }

    [Fact]
    public void RowsThatNeverReachedTheDiskShowInTheLastStep()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("m.csv", "step,loss\n0,1\n1,2\n2,"u8);
        using MetricsFile file = MetricsFile.OpenForResume(path, 7);
        Assert.Equal(1, file.LastStep);
    }

    [Fact]
    public void AFileCanBeReadWhileItGrows()
    {
        using var folder = new TemporaryFolder();
        using MetricsFile file = MetricsFile.Create(folder["m.csv"], ["loss"]);
        AppendSteps(file, 0, 3);
        file.Flush();
        Assert.Equal([0, 1, 2], MetricsFile.Read(folder["m.csv"]).Steps);
    }

    [Theory]
    [InlineData("")]
    [InlineData("step,loss")]
    [InlineData("time,loss\n")]
    [InlineData("step,loss,loss\n")]
    [InlineData("step,loss\n0,1,2\n")]
    [InlineData("step,loss\nzero,1\n")]
    [InlineData("step,loss\n0,one\n")]
    [InlineData("step,loss\n3,1\n3,1\n")]
    public void OtherFilesAreRefusedByName(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["m.csv"], text);
        InputException e = Assert.Throws<InputException>(() => MetricsFile.Read(folder["m.csv"]));
        Assert.StartsWith(folder["m.csv"], e.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => MetricsFile.OpenForResume(folder["m.csv"], 9));
        Assert.Equal(text, File.ReadAllText(folder["m.csv"]));
    }

    [Fact]
    public void MisuseIsRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => MetricsFile.Create(folder["m.csv"], ["a,b"]));
        Assert.Throws<ArgumentException>(() => MetricsFile.Create(folder["m.csv"], ["a", "a"]));
        Assert.Throws<ArgumentException>(() => MetricsFile.Create(folder["m.csv"], ["step"]));
        Assert.Throws<InputException>(() => MetricsFile.Read(folder["m.csv"]));
        using MetricsFile file = MetricsFile.Create(folder["m.csv"], ["a"]);
        file.Append(3, 1.0);
        Assert.Throws<ArgumentException>(() => file.Append(3, 1.0));
        Assert.Throws<ArgumentException>(() => file.Append(4, 1.0, 2.0));
        Assert.Throws<IOException>(() => MetricsFile.Create(folder["m.csv"], ["a"]));
    }

    private static void AppendSteps(MetricsFile file, int from, int to)
    {
        for (int step = from; step < to; step++)
        {
            file.Append(step, step % 3 == 0 ? null : 1 / (step + 3.0));
        }
    }
}
