using OpposingSignals.Runs.Report;

namespace OpposingSignals.Tests.Runs.Report;

public sealed class NumbersTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(40, "40")]
    [InlineData(39.9872, "40.0")]
    [InlineData(-0.97123, "−0.971")]
    [InlineData(0.00012345, "0.000123")]
    [InlineData(1234.5, "1234")]
    [InlineData(12345, "12\u202F345")]
    [InlineData(1e-5, "10⁻⁵")]
    [InlineData(-2.5e7, "−2.5·10⁷")]
    [InlineData(1e12, "10¹²")]
    [InlineData(double.NaN, "–")]
    [InlineData(double.NegativeInfinity, "–")]
    public void NumbersHaveThreeSignificantDigits(double value, string expected) =>
        Assert.Equal(expected, Numbers.Format(value));

    [Theory]
    [InlineData(0.62, "62\u202F%")]
    [InlineData(0.008, "0.8\u202F%")]
    [InlineData(0.0999, "10\u202F%")]
    [InlineData(double.NaN, "–")]
    public void SharesAreInPercent(double share, string expected) => Assert.Equal(expected, Numbers.Percent(share));
}
