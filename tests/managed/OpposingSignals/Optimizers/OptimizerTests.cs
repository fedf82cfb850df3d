using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Tests.Support;
using Element = (double X, double M, double S);

namespace OpposingSignals.Tests.Optimizers;

public sealed class OptimizerTests
{
    private const double StepSize = 0.1;

    /// <summary>
    /// What a rule makes of an element and its two memories at step t, in the formulas of its papers.
    /// </summary>
    private static readonly Dictionary<string, Func<Element, double, int, Element>> Rules = new()
    {
        ["gd"] = (e, g, _) => (e.X - (StepSize * g), 0, 0),
        ["sign"] = (e, g, _) => (e.X - (StepSize * Math.Sign(g)), 0, 0),
        ["momentum"] = (e, g, _) => (e.X - (StepSize * ((0.9 * e.M) + g)), (0.9 * e.M) + g, 0),
        ["momentum:0.5"] = (e, g, _) => (e.X - (StepSize * ((0.5 * e.M) + g)), (0.5 * e.M) + g, 0),
        ["nesterov"] = (e, g, _) => (e.X - (StepSize * (g + (0.9 * ((0.9 * e.M) + g)))), (0.9 * e.M) + g, 0),
        ["adam"] = (e, g, t) => Adam(e, g, t, 0.9, 0.999, 1e-8),
        ["adam:0.5:0.9:0.01"] = (e, g, t) => Adam(e, g, t, 0.5, 0.9, 0.01),
        ["rmsprop"] = (e, g, _) =>
        {
            double s = (0.99 * e.S) + (0.01 * g * g);
            return (e.X - (StepSize * g / (Math.Sqrt(s) + 1e-8)), 0, s);
        },
    };

    public static TheoryData<string, string, Precision> Cases => TestDevices.Cases(Rules.Keys);

    [Theory]
    [MemberData(nameof(Cases))]
    public void StepsFollowTheFormulas(string deviceName, string name, Precision precision)
    {
        const int Length = 100, Steps = 4;
        using Device device = TestDevices.Open(deviceName);
        Optimizer optimizer = Optimizer.Named(name, StepSize);
        var random = new Xoshiro256(3);
        Element[] exact = [.. Enumerable.Range(0, Length).Select(_ => (Element)((float)random.NextGaussian(), 0, 0))];
        using var parameters = new VectorBlock(device, precision, 1, Length);
        using var gradient = new VectorBlock(device, precision, 1, Length);
        using var previous = new VectorBlock(device, precision, 1, Length);
        parameters.CopyFrom(exact.Select(e => e.X).ToArray());
        using OptimizerState state = optimizer.Start(parameters);
        for (int t = 1; t <= Steps; t++)
        {
            double[] g = [.. Enumerable.Range(0, Length).Select(i => i == 0 ? 0 : (float)random.NextGaussian())];
            gradient.CopyFrom(g);
            double[] before = parameters.ToArray();
            using VectorBlock change = optimizer.Change(gradient, state);
            optimizer.Step(parameters, gradient, state, previous);
            Assert.Equal(before, previous.ToArray());
            Assert.Equal(t, state.Steps);
            double[] after = parameters.ToArray(), changes = change.ToArray();
            for (int i = 0; i < Length; i++)
            {
                double old = exact[i].X;
                exact[i] = Rules[name](exact[i], g[i], t);

                // Each of the steps so far rounds a parameter once, and memories of magnitude 4 or less before they are
                // divided.
                double bound = t * 16 * precision.UnitRoundoff() * (Math.Abs(old) + 1);
                Assert.True(
                    Math.Abs(after[i] - exact[i].X) <= bound, $"{name}, step {t}: {after[i]}, not {exact[i].X}");
                Assert.True(Math.Abs(changes[i] - (exact[i].X - old)) <= bound, $"{name}, step {t}: by {changes[i]}");
            }
        }
    }

    // x²/2 from x = 1 with Kingma and Ba's numbers.
    [Fact]
    public void AdamTakesTheKnownPath()
    {
        double[] path = Path("adam", stepSize: 0.1, curvature: 1, steps: 3);
        double[] known = [0.900000001, 0.800412229712, 0.701586274504];
        Assert.All(path.Zip(known), pair => Assert.Equal(pair.Second, pair.First, 1e-11));
    }

    [Theory]
    [InlineData("gd", 2)]
    [InlineData("momentum", 3.8)]
    [InlineData("momentum:0.5", 3)]
    [InlineData("nesterov", 1.3571428571428572)]
    public void OnAQuadraticItIsStableExactlyBelowTheThreshold(string name, double threshold)
    {
        Assert.Equal(threshold / 0.25, Optimizer.Named(name, 0.25).StabilityThreshold!.Value, 1e-12);
        Assert.True(Math.Abs(Path(name, 1, 0.99 * threshold, 2000)[^1]) < 1e-3);
        Assert.True(Math.Abs(Path(name, 1, 1.01 * threshold, 2000)[^1]) > 1e3);
    }

    [Theory]
    [InlineData("adam", 38)]
    [InlineData("adam:0.5", 6)]
    [InlineData("rmsprop", 2)]
    public void AnAdaptiveStepHasAThresholdOfThePreconditionedSharpness(string name, double threshold)
    {
        Optimizer optimizer = Optimizer.Named(name, 0.25);
        Assert.True(optimizer.IsPreconditioned);
        Assert.Equal("preconditioned sharpness", optimizer.BoundedCurvature);
        Assert.Equal(threshold / 0.25, optimizer.StabilityThreshold!.Value, 1e-12);
        Assert.NotNull(optimizer.ThresholdFormula);
        Assert.Null(optimizer.ThresholdNote);
    }

    [Fact]
    public void WhereThereIsNoThresholdTheReasonIsSaid()
    {
        var optimizer = new SignDescent(1);
        Assert.Null(optimizer.StabilityThreshold);
        Assert.Null(optimizer.ThresholdFormula);
        Assert.Contains("no curvature", optimizer.ThresholdNote, StringComparison.Ordinal);
    }

    [Fact]
    public void ANameNamesTheSameOptimizerAgain() =>
        Assert.All(Rules.Keys, name =>
        {
            Optimizer optimizer = Optimizer.Named(name, 1), again = Optimizer.Named(optimizer.Name, 1);
            Assert.Equal(optimizer.Name, again.Name);
            Assert.Equal(optimizer.Description, again.Description);
        });

    [Theory]
    [InlineData("sgd", "no optimiser 'sgd'")]
    [InlineData("gd:0.9", "no optimiser")]
    [InlineData("momentum:0.9:0.9", "no optimiser")]
    [InlineData("momentum:1", "below 1")]
    [InlineData("nesterov:-0.1", "at least 0")]
    [InlineData("adam:NaN", "at least 0")]
    [InlineData("adam:0.9:0.999:0", "positive")]
    [InlineData("rmsprop:x", "'x'")]
    [InlineData("", "no optimiser")]
    public void WhatIsNoOptimizerIsRefused(string name, string words) =>
        Assert.Contains(
            words, Assert.Throws<InputException>(() => Optimizer.Named(name, 1)).Message, StringComparison.Ordinal);

    [Fact]
    public void AnotherOptimizersStateIsRefused()
    {
        using var device = new CpuDevice(1);
        using var vector = new VectorBlock(device, Precision.Float64, 1, 2);
        using OptimizerState state = Optimizer.Named("momentum", 1).Start(vector);
        Assert.Throws<ArgumentException>(() => Optimizer.Named("adam", 1).Step(vector, vector, state));
    }

    private static Element Adam(Element e, double g, int t, double first, double second, double epsilon)
    {
        double m = (first * e.M) + ((1 - first) * g), s = (second * e.S) + ((1 - second) * g * g);
        double root = Math.Sqrt(s / (1 - Math.Pow(second, t)));
        return (e.X - (StepSize * (m / (1 - Math.Pow(first, t))) / (root + epsilon)), m, s);
    }

    // The iterates on ½ curvature x², from 1.
    private static double[] Path(string name, double stepSize, double curvature, int steps)
    {
        using var device = new CpuDevice(1);
        Optimizer optimizer = Optimizer.Named(name, stepSize);
        using var x = new VectorBlock(device, Precision.Float64, 1, 1);
        using var gradient = new VectorBlock(device, Precision.Float64, 1, 1);
        x.CopyFrom([1.0]);
        using OptimizerState state = optimizer.Start(x);
        return [.. Enumerable.Range(0, steps).Select(_ =>
        {
            gradient.CopyFrom([curvature * x.ToArray()[0]]);
            optimizer.Step(x, gradient, state);
            return x.ToArray()[0];
        })];
    }
}
