using OpposingSignals.Devices;
using OpposingSignals.Optimizers;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Optimizers;

public sealed class PreconditionerTests
{
    private const int Length = 100;

    public static TheoryData<string, string, Precision> Cases =>
        TestDevices.Cases(["adam", "adam:0.5:0.9:0.01", "rmsprop", "rmsprop:0.9:0.1"]);

    /// <summary>
    /// Without a first moment, θ changes by −η P⁻¹ g: the step that is taken then says what P was. Adam's first moment
    /// of a gradient that never changes is (1 − β₁ᵗ) times it, and its P has the same factor.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void ItIsThatOfTheStepThatComesNext(string deviceName, string rule, Precision precision)
    {
        using Device device = TestDevices.Open(deviceName);
        Optimizer optimizer = Optimizer.Named(rule, stepSize: 1);
        double[] values = [.. Enumerable.Range(0, Length).Select(i => (float)Math.Exp((i - 80) / 8.0))];
        using var gradient = new VectorBlock(device, precision, 1, Length);
        using var twice = new VectorBlock(device, precision, 2, Length);
        gradient.CopyFrom(values);
        using OptimizerState state = optimizer.Start(gradient);
        for (int step = 1; step <= 3; step++)
        {
            Preconditioner preconditioner = optimizer.PreconditionerAt(gradient, state)!;
            twice.CopyFrom([.. values, .. values.Select(value => -2 * value)]);
            preconditioner.MultiplyByInverseRoot(twice, twice);
            preconditioner.MultiplyByInverseRoot(twice, twice);
            using VectorBlock change = optimizer.Change(gradient, state);
            double[] changes = change.ToArray(), divided = twice.ToArray();
            double moment = optimizer is Adam adam ? 1 - Math.Pow(adam.FirstDecay, step) : 1;
            for (int i = 0; i < Length; i++)
            {
                // A step's worth of roundings of each moment, two products, and the step itself.
                double bound = 16 * step * precision.UnitRoundoff() * Math.Abs(changes[i]);
                Assert.True(
                    Math.Abs(changes[i] + (moment * divided[i])) <= bound,
                    $"{rule}, step {step}: {moment * divided[i]}, not {-changes[i]}");
                Assert.True(Math.Abs(divided[Length + i] + (2 * divided[i])) <= 2 * bound / moment);
            }

            using VectorBlock parameters = new(device, precision, 1, Length);
            parameters.Clear();
            optimizer.Step(parameters, gradient, state);
        }
    }

    /// <summary>With gradients that differ from step to step, so that moments do.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void AChangeIsTheUndividedOneDividedByIt(string deviceName, string rule, Precision precision)
    {
        using Device device = TestDevices.Open(deviceName);
        Optimizer optimizer = Optimizer.Named(rule, stepSize: 0.3);
        using var gradient = new VectorBlock(device, precision, 1, Length);
        using var parameters = new VectorBlock(device, precision, 1, Length);
        parameters.Clear();
        using OptimizerState state = optimizer.Start(gradient);
        for (int step = 1; step <= 3; step++)
        {
            gradient.CopyFrom([.. Enumerable.Range(0, Length).Select(i => Math.Sin(step + (0.7 * i)) + 1.5)]);
            Preconditioner preconditioner = optimizer.PreconditionerAt(gradient, state)!;
            using VectorBlock change = optimizer.Change(gradient, state);
            using VectorBlock divided = optimizer.UndividedChange(gradient, state);
            preconditioner.MultiplyByInverseRoot(divided, divided);
            preconditioner.MultiplyByInverseRoot(divided, divided);
            double[] expected = change.ToArray(), actual = divided.ToArray();
            for (int i = 0; i < Length; i++)
            {
                // A step's worth of roundings of each moment, two products, and the step itself.
                Assert.True(
                    Math.Abs(expected[i] - actual[i]) <= 16 * step * precision.UnitRoundoff() * Math.Abs(expected[i]),
                    $"{rule}, step {step}: {actual[i]}, not {expected[i]}");
            }

            optimizer.Step(parameters, gradient, state);
        }
    }

    [Theory]
    [InlineData("gd")]
    [InlineData("momentum")]
    [InlineData("sign")]
    public void StepsThatDivideByNothingHaveNone(string rule)
    {
        using var device = new CpuDevice(1);
        using var gradient = new VectorBlock(device, Precision.Float64, 1, 2);
        Optimizer optimizer = Optimizer.Named(rule, 1);
        using OptimizerState state = optimizer.Start(gradient);
        Assert.False(optimizer.IsPreconditioned);
        Assert.Null(optimizer.PreconditionerAt(gradient, state));
        gradient.CopyFrom([1.0, -2.0]);
        using VectorBlock change = optimizer.Change(gradient, state);
        using VectorBlock undivided = optimizer.UndividedChange(gradient, state);
        Assert.Equal(change.ToArray(), undivided.ToArray());
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        using var device = new CpuDevice(1);
        using var gradient = new VectorBlock(device, Precision.Float64, 1, 2);
        using var longer = new VectorBlock(device, Precision.Float64, 1, 3);
        using var two = new VectorBlock(device, Precision.Float64, 2, 2);
        Optimizer optimizer = Optimizer.Named("adam", 1);
        using OptimizerState state = optimizer.Start(gradient), other = Optimizer.Named("momentum", 1).Start(gradient);
        Assert.Throws<ArgumentException>(() => optimizer.PreconditionerAt(gradient, other));
        Assert.Throws<ArgumentException>(() => optimizer.PreconditionerAt(longer, state));
        Preconditioner preconditioner = optimizer.PreconditionerAt(gradient, state)!;
        Assert.Throws<ArgumentException>(() => preconditioner.MultiplyByInverseRoot(longer, longer));
        Assert.Throws<ArgumentException>(() => preconditioner.MultiplyByInverseRoot(two, gradient));
    }
}
