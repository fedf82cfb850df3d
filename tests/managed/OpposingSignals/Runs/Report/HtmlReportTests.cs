using System.Globalization;
using System.Xml.Linq;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

public sealed class HtmlReportTests
{
    [Fact]
    public void AFullReportTellsItsStoryInOrder()
    {
        XElement page = Parse(HtmlReport.Render(SampleReport.Create()));
        Assert.Equal(
            ["Loss and sharpness", "Opposing groups", "How the samples move", "Top eigenvalues", "The run"],
            page.Descendants("h2").Select(h => h.Value));
        string summary = page.Descendants("section").First().Value;
        Assert.Contains("crossed the edge of stability 2/η = 40 at step 312", summary);
        Assert.Contains("40 of 5\u202F000 samples, 0.8\u202F%", summary);
        Assert.Contains("carries 62\u202F% of the sharpness", summary);
        Assert.Contains("correlation −0.97", summary);
        Assert.Equal(80, page.Descendants("img").Count());
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "gradient descent");
    }

    [Fact]
    public void ThePageLoadsNothingFromAnywhere()
    {
        string html = HtmlReport.Render(SampleReport.Create());
        Assert.DoesNotContain("http:", html);
        Assert.DoesNotContain("https:", html);
        XElement page = Parse(html);
        Assert.Empty(page.Descendants("link"));
        Assert.All(
            page.Descendants().Attributes().Where(a => a.Name.LocalName is "src" or "href"),
            a => Assert.StartsWith("data:image/png;base64,", a.Value));
        Assert.DoesNotContain("url(", html);
    }

    [Fact]
    public void TextFromOutsideIsEscaped()
    {
        const string Hostile = "<script>alert(\"&'\")</script>\u0001";
        var sample = new ReportSample { Index = 1, Label = Hostile, Prediction = Hostile, Excerpt = Hostile };
        var camp = new ReportCamp { Samples = [sample], Loss = new ReportSeries([0, 1], [1, 2]) };
        XElement page = Parse(HtmlReport.Render(new ReportModel
        {
            Title = Hostile,
            Subtitle = Hostile,
            LossUnit = Hostile,
            Notes = [Hostile],
            Configuration = [new(Hostile, Hostile)],
            TrainLoss = new ReportSeries([0, 1], [1, 2]),
            Pairs = [new ReportPair { Name = Hostile, Up = camp, Down = camp }],
        }));
        Assert.Single(page.Descendants("script"));
        string shown = Hostile.Replace('\u0001', '\uFFFD');
        Assert.Equal(shown, page.Descendants("h1").Single().Value);
        Assert.Equal(shown, page.Descendants("td").Single().Value);
        Assert.Contains(page.Descendants("figcaption"), caption => caption.Value.Contains(shown));
        Assert.Contains(page.Descendants("svg").Attributes("aria-label"), label => label.Value.Contains(shown));
    }

    [Fact]
    public void APartThatWasNotMeasuredIsSaidToBeMissing()
    {
        XElement page = Parse(HtmlReport.Render(new ReportModel { Title = "nothing" }));
        Assert.Empty(page.Descendants("svg"));
        Assert.Empty(page.Descendants("figure"));
        string text = page.Value;
        Assert.Contains("was not measured in this run", text);
        Assert.Contains("No loss or sharpness was recorded", text);
        Assert.Contains("Opposing groups were not looked for", text);
        Assert.Contains("No eigenvalues were measured", text);
        Assert.Contains("No configuration was recorded", text);
    }

    [Fact]
    public void ARunBelowTheEdgeWithoutPairsSaysSo()
    {
        ReportModel model = SampleReport.Create() with { EdgeStep = null, StabilityThreshold = 90, Pairs = [] };
        string text = Parse(HtmlReport.Render(model)).Value;
        Assert.Contains("did not reach the edge of stability", text);
        Assert.Contains("No pair of opposing groups was found", text);
        Assert.DoesNotContain("A up", text);
    }

    [Fact]
    public void AThresholdOfThePreconditionedSharpnessIsLaidBesideThat()
    {
        ReportModel gradient = SampleReport.Create() with { EdgeStep = null };
        ReportModel adaptive = gradient with
        {
            Sharpness = new EigenvalueSeries(new ReportSeries([0, 10, 20], [900, 900, 900]), []),
            FurtherEigenvalues = [],
            PreconditionedSharpness = new EigenvalueSeries(new ReportSeries([0, 10, 20], [1, 2, 5000]), []),
            StabilityThreshold = 3800,
            ThresholdFormula = "(2 + 2β₁)/((1 − β₁)η)",
            ArePairsPreconditioned = true,
        };
        XElement page = Parse(HtmlReport.Render(adaptive));
        Assert.Contains("The preconditioned sharpness", page.Value);
        Assert.Contains("at step 20", page.Value);
        Assert.Contains("largest eigenvalue of P⁻¹H", page.Value);
        Assert.Contains("of the preconditioned sharpness. A step that lowers", page.Value);
        Assert.Contains("With v the top eigenvector of P⁻¹H", page.Value);
        Assert.DoesNotContain("share of sharpness", page.Value);
        XElement without = Parse(HtmlReport.Render(gradient));
        Assert.DoesNotContain("preconditioned", without.Value);

        // The Hessian's eigenvalues lose their line, in the plot's wide and in its narrow form.
        Assert.Equal(Levels(without) - 2, Levels(page));

        static int Levels(XElement page) =>
            page.Descendants("line").Count(line => line.Attribute("class")?.Value == "level");
    }

    [Fact]
    public void APairOfAnotherEigenvectorSaysWhatItCarriesThere()
    {
        ReportModel model = SampleReport.Create();
        var check = new OutlierCheck(480, 60, 214);
        ReportPair pair = model.Pairs!.Value[0] with
        {
            Checks = new OutlierChecks { GradientNorm = check, TopEigenvalue = check, CurvatureAlongTop = check },
            Direction = new PairDirection
            {
                Number = 3, Eigenvalue = 42.5, Share = 0.125, GradientProduct = -0.4, Curvature = check,
            },
        };
        string text = Parse(HtmlReport.Render(model with { Pairs = [pair] })).Value;
        Assert.Contains("share of eigenvalue 3", text);
        Assert.Contains("of 42.5", text);
        Assert.Contains("curvature along eigenvector 3", text);
    }

    [Fact]
    public void TheCrossingIsTakenFromTheSharpnessWhereItIsNotGiven()
    {
        var sharpness = new EigenvalueSeries(new ReportSeries([0, 10, 20, 30], [1, double.NaN, 5, 3]), []);
        var model = new ReportModel { Title = "t", Sharpness = sharpness, StabilityThreshold = 4 };
        Assert.Contains("at step 20", Parse(HtmlReport.Render(model)).Value);
    }

    public static TheoryData<long[], double[]> AwkwardSeries => new()
    {
        { [], [] },
        { [7], [0.5] },
        { [0, 1], [0, 0] },
        { [0, 1, 2], [double.NaN, double.NaN, double.NaN] },
        { [0, 1, 2, 3], [1, double.NaN, double.PositiveInfinity, 2] },
        { [0, 1], [-1e308, 1e308] },
        { [0, 1], [1e149, 1e149 * (1 + 1e-15)] },
        { [0, 1], [1e-300, 1e-310] },
        { [0, 1, 2], [-5, -5, -5] },
        { [0, 1_000_000_000_000], [1e-9, 1e12] },
    };

    [Theory]
    [MemberData(nameof(AwkwardSeries))]
    public void AwkwardSeriesAreDrawnWithinTheirPlotsOrLeftOut(long[] steps, double[] values)
    {
        var series = new ReportSeries([.. steps], [.. values]);
        var eigenvalue = new EigenvalueSeries(series, [.. values.Select(v => v * 0.1)]);
        var camp = new ReportCamp { Samples = [], Loss = series };
        XElement page = Parse(HtmlReport.Render(new ReportModel
        {
            Title = "awkward",
            TrainLoss = series,
            TestLoss = series,
            TrainAccuracy = series,
            Sharpness = eigenvalue,
            FurtherEigenvalues = [eigenvalue, eigenvalue],
            StabilityThreshold = 2,
            RiseFraction = series,
            OutlierShare = series,
            Pairs = [new ReportPair { Name = "p", Up = camp, Down = camp }],
        }));
        Assert.All(page.Descendants("path").Attributes("d"), d => Assert.DoesNotMatch("NaN|Infinity|∞|E", d.Value));
        Assert.All(
            page.Descendants("text").SelectMany(t => t.Attributes()).Where(a => a.Name.LocalName is "x" or "y"),
            a => Assert.InRange(double.Parse(a.Value, CultureInfo.InvariantCulture), -1, 2000));
    }

    [Fact]
    public void AVeryLongRunStaysSmallAndKeepsItsOscillation()
    {
        const int Steps = 1_000_000;
        var series = new ReportSeries(
            [.. Enumerable.Range(0, Steps).Select(t => (long)t)],
            [.. Enumerable.Range(0, Steps).Select(t => (double)(t & 1))]);
        string html = HtmlReport.Render(new ReportModel { Title = "long", TrainLoss = series });
        Assert.True(html.Length < 200_000, $"{html.Length} characters");
        string path = Parse(html).Descendants("path").First().Attribute("d")!.Value;
        double[] heights = [.. path.Split('M', 'L').Where(p => p.Length > 0)
            .Select(p => double.Parse(p.Split(' ')[1], CultureInfo.InvariantCulture))];
        Assert.Equal(2, heights.Distinct().Count());
        Assert.True(Math.Abs(heights.Count(h => h == heights[0]) - (heights.Length / 2)) < heights.Length / 10);
    }

    [Fact]
    public void UnconvergedEigenvaluesAreMarked()
    {
        var sharpness = new EigenvalueSeries(new ReportSeries([0, 1], [10, 20]), [0.01, 1]);
        XElement page = Parse(HtmlReport.Render(new ReportModel { Title = "t", Sharpness = sharpness }));
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "not converged");

        // One ring in each plot that shows the sharpness, at both widths.
        Assert.Equal(4, page.Descendants("circle").Attributes("class").Count(c => c.Value.StartsWith("ring ")));
    }

    [Fact]
    public void ThePageDoesNotDependOnTheCulture()
    {
        string expected = HtmlReport.Render(SampleReport.Create());
        CultureInfo before = CultureInfo.CurrentCulture;
        var unusual = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        unusual.NumberFormat.NumberDecimalSeparator = ",";
        unusual.NumberFormat.NegativeSign = "~";
        try
        {
            CultureInfo.CurrentCulture = unusual;
            Assert.Equal(expected, HtmlReport.Render(SampleReport.Create()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void WritingReplacesTheFileAndLeavesNothingBeside()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("opsig-report-");
        try
        {
            string path = Path.Combine(folder.FullName, "report.html");
            var model = new ReportModel { Title = "first" };
            HtmlReport.Write(path, model);
            HtmlReport.Write(path, model with { Title = "second" });
            Assert.Equal(HtmlReport.Render(model with { Title = "second" }), File.ReadAllText(path));
            Assert.Single(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static XElement Parse(string html)
    {
        Assert.StartsWith("<!DOCTYPE html>", html);
        return XElement.Parse(html["<!DOCTYPE html>".Length..], LoadOptions.PreserveWhitespace);
    }
}
