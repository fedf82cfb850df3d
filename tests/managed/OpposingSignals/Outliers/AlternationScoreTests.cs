using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class AlternationScoreTests
{
    [Fact]
    public void ASampleThatRisesOnEvenStepsScoresOneAndItsOpponentMinusOne()
    {
        // Rows are the steps 3 to 6; the last sample rises three times of four on even steps or falls on odd ones.
        var window = new ChangeWindow([3, 4, 5, 6], 4,
        [
            -1, 1, 0, -1,
            2, -2, float.NaN, 1,
            -3, 3, 0, 1,
            4, -4, 0, 1,
        ]);
        double[] scores = new double[4];
        AlternationScore.Compute(window, scores);
        Assert.Equal([1, -1, 0, 0.5], scores);
        Assert.Equal(1, AlternationScore.Compute([3, 4, 5], [-1.0, 1, -1]));
    }

    [Fact]
    public void AnEmptyWindowHasNoScore()
    {
        Assert.Throws<ArgumentException>(() => AlternationScore.Compute(new ChangeWindow([], 1, []), new double[1]));
        Assert.Throws<ArgumentException>(() => AlternationScore.Compute([1], [1.0, 2.0]));
    }
}
