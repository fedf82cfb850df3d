using OpposingSignals.Outliers;

namespace OpposingSignals.Tests.Outliers;

public sealed class DirectionalGroupFinderTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    public void PairsThatOscillateInStepAreToldApartByTheirDirections(int pairs, ulong seed)
    {
        (DirectionalWindow directions, ChangeWindow changes) = PlantedDirections.Create(pairs, seed);
        Grouping found = DirectionalGroupFinder.Find(directions, changes);
        GroupScore score = GroupScore.Of(found.Pairs, PlantedDirections.Known(pairs));
        Assert.Equal(pairs, found.Pairs.Length);
        Assert.Equal(1, score.Precision);
        Assert.Equal(1, score.Recall);
        Assert.All(found.Pairs, pair => Assert.True(pair.Significance!.Confirms()));
        Assert.All(found.Pairs, pair => Assert.InRange(pair.TrajectoryOpposition, -1, -0.9));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void NothingIsConfirmedWhereNothingIsPlanted(ulong seed)
    {
        (DirectionalWindow directions, ChangeWindow changes) = PlantedDirections.Create(0, seed);
        Assert.DoesNotContain(
            DirectionalGroupFinder.Find(directions, changes).Pairs, pair => pair.Significance!.Confirms());
    }

    [Fact]
    public void AFewMeasuredStepsGiveNothing()
    {
        (_, ChangeWindow changes) = PlantedDirections.Create(1, 0);
        Assert.Empty(DirectionalGroupFinder.Find(new DirectionalWindow(PlantedDirections.Samples, 4), changes).Pairs);
    }

    [Fact]
    public void OtherSamplesThanThoseOfTheChangesAreRefused()
    {
        (_, ChangeWindow changes) = PlantedDirections.Create(1, 0);
        Assert.Throws<ArgumentException>(() => DirectionalGroupFinder.Find(new DirectionalWindow(3, 4), changes));
    }
}
