using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class ExcessTailTests
{
    [Fact]
    public void AnExponentialTailIsRecovered()
    {
        double[] values = [.. Enumerable.Range(0, 4000).Select(i => -Math.Log(1 - ((i + 0.5) / 4000)))];
        var tail = new ExcessTail(values);
        Assert.Equal(Math.Exp(-6), tail.Probability(6), 0.0002);
        Assert.Equal(Math.Log(4000), tail.Threshold(1), 0.1);
    }

    [Fact]
    public void AHeavyTailIsNotTakenForOutliers()
    {
        double[] values = [.. Enumerable.Range(0, 4000).Select(i => Math.Pow(1 - ((i + 0.5) / 4000), -0.5))];
        var tail = new ExcessTail(values);
        Assert.InRange(tail.ProbabilityOfMany(10, 40), 0.1, 1);
        Assert.InRange(tail.ProbabilityOfMany(40, 40), 0, 1e-6);
    }

    [Fact]
    public void EqualValuesHaveNoTail()
    {
        var tail = new ExcessTail(new double[100]);
        Assert.Equal(0.125, tail.Probability(0));
        Assert.Equal(0, tail.Probability(1));
    }
}
