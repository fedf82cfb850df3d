using OpposingSignals.Datasets;

namespace OpposingSignals.Tests.Datasets;

public sealed class ChebyshevTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public void TargetsAreCosinesOfMultipleAngles(int degree)
    {
        DatasetPair pair = Chebyshev.Create(degree, 20);
        double[] x = pair.Training.Inputs.AsSpan<double>().ToArray(), y = pair.Training.Targets.AsSpan<double>().ToArray();
        Assert.Equal([20, 1], pair.Training.Inputs.Shape.ToArray());
        Assert.Equal(-1, x[0]);
        Assert.Equal(1, x[19]);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(-1 + (2.0 * i / 19), x[i], 1e-15);
            Assert.Equal(Math.Cos(degree * Math.Acos(x[i])), y[i], 1e-13);
        }

        Assert.Same(pair.Training, pair.Test);
    }

    [Fact]
    public void ArgumentsBelowTheirMinimumAreRefused()
    {
        Assert.Throws<DatasetException>(() => Chebyshev.Create(-1, 20));
        Assert.Throws<DatasetException>(() => Chebyshev.Create(3, 1));
    }
}
