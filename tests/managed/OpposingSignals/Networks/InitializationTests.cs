using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Networks;

public sealed class InitializationTests
{
    private static readonly Network Model = ModelCatalog.Build("mlp:300,200:tanh", FeatureShape.Vector(400), 10);

    [Fact]
    public void PyTorchsDefaultIsUniformWithinOneOverTheRootOfTheFanIn()
    {
        double[] values = Initialization.Named("pytorch").Create(Model, 1);
        foreach ((int index, double bound) in ((int, double)[])[(0, 1 / Math.Sqrt(400)), (1, 1 / Math.Sqrt(400)), (2, 1 / Math.Sqrt(300))])
        {
            double[] part = Part(values, index);
            Assert.InRange(part.Max(Math.Abs), bound * 0.95, bound);
            Assert.InRange(Variance(part), bound * bound / 3 * 0.8, bound * bound / 3 * 1.2);
        }
    }

    [Theory]
    [InlineData("xavier-normal", 1, 1)]
    [InlineData("xavier-normal:2,3", 2, 3)]
    public void XavierHasItsVarianceAndAGainForEachWeight(string name, double firstGain, double secondGain)
    {
        double[] values = Initialization.Named(name).Create(Model, 1);
        Assert.Equal(
            firstGain * firstGain * 2 / 700, Variance(Part(values, 0)), 0.05 * firstGain * firstGain * 2 / 700);
        Assert.Equal(
            secondGain * secondGain * 2 / 500, Variance(Part(values, 2)), 0.05 * secondGain * secondGain * 2 / 500);
        Assert.All(Part(values, 1), bias => Assert.Equal(0, bias));
    }

    [Fact]
    public void KaimingHasItsVarianceAndNoBias()
    {
        double[] values = Initialization.Named("kaiming-normal").Create(Model, 1);
        Assert.Equal(2.0 / 400, Variance(Part(values, 0)), 0.05 * 2 / 400);
        Assert.All(Part(values, 3), bias => Assert.Equal(0, bias));
    }

    [Fact]
    public void TheSeedDecidesEveryValue()
    {
        var initialization = Initialization.Named("pytorch");
        Assert.Equal(initialization.Create(Model, 7), initialization.Create(Model, 7));
        Assert.NotEqual(initialization.Create(Model, 7), initialization.Create(Model, 8));
    }

    [Theory]
    [InlineData("zeros")]
    [InlineData("pytorch:1")]
    [InlineData("kaiming-normal:2")]
    [InlineData("xavier-normal:")]
    [InlineData("xavier-normal:0")]
    [InlineData("xavier-normal:1,NaN")]
    public void AnythingElseIsRefused(string name) => Assert.Throws<InputException>(() => Initialization.Named(name));

    private static double[] Part(double[] values, int parameter) =>
        values[(int)Model.Parameters[parameter].Offset..(int)(Model.Parameters[parameter].Offset + Model.Parameters[parameter].Count)];

    private static double Variance(double[] values) => values.Sum(value => value * value) / values.Length;
}
