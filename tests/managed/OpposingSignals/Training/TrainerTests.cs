using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly CpuDevice _device = new(1);
    private readonly Objective _objective;

    // y = w x on the points ±1: L(w) = w²/2, so that a step multiplies w by 1 − η.
    public TrainerTests()
    {
        _objective = new Objective(
            _device,
            Precision.Float64,
            new NetworkBuilder(FeatureShape.Vector(1)).Linear(1, bias: false).Build(),
            Loss.Named("mse"),
            HostTensor.From<double>([-1, 1], 2, 1),
            HostTensor.From<double>([0, 0], 2, 1));
    }

    public void Dispose()
    {
        _objective.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void StepsAreRecordedBeforeTheyAreTakenAndTheLastOneIsNotTaken()
    {
        using Trainer trainer = Create(0.5, new TrainingOptions { Steps = 3 });
        List<StepRecord> records = [];
        Assert.Equal(TrainingOutcome.StepsTaken, trainer.Run((record, _) => records.Add(record)));
        Assert.Equal([0L, 1, 2, 3], records.Select(record => record.Step));
        Assert.Equal([0.5, 0.125, 0.03125, 0.0078125], records.Select(record => record.Loss));
        Assert.Equal([1, 0.5, 0.25, 0.125], records.Select(record => record.GradientNorm));
        Assert.All(records, record => Assert.Equal(1, record.Eigenpairs![0].Value, 12));
        Assert.Equal(3, trainer.Step);
        Assert.Equal([0.125], trainer.Parameters.ToArray());
        Assert.Equal([0.25], trainer.LastGood!.ToArray());
    }

    [Fact]
    public void QuantitiesAreMeasuredOnlyWhenTheyAreDue()
    {
        using Trainer trainer = Create(0.5, new TrainingOptions { Steps = 6, EigenEvery = 3 });
        List<long> measured = [];
        trainer.Run((record, _) =>
        {
            if (record.Eigenpairs is not null)
            {
                measured.Add(record.Step);
            }
        });
        Assert.Equal([0L, 3, 6], measured);
    }

    [Fact]
    public void TheLossToStopAtStops()
    {
        using Trainer trainer = Create(0.5, new TrainingOptions { StopLoss = 0.1 });
        Assert.Equal(TrainingOutcome.LossReached, trainer.Run((_, _) => { }));
        Assert.Equal(2, trainer.Step);
    }

    [Fact]
    public void CancellationFinishesTheStepInProgress()
    {
        using Trainer trainer = Create(0.5, new TrainingOptions());
        using var stop = new CancellationTokenSource();
        TrainingOutcome outcome = trainer.Run(
            (record, _) =>
            {
                if (record.Step == 4)
                {
                    stop.Cancel();
                }
            },
            cancellation: stop.Token);
        Assert.Equal(TrainingOutcome.Interrupted, outcome);
        Assert.Equal(5, trainer.Step);
        Assert.Equal([1 / 32.0], trainer.Parameters.ToArray());
    }

    [Fact]
    public void ADivergenceEndsTrainingAndKeepsTheLastGoodParameters()
    {
        using Trainer trainer = Create(1e100, new TrainingOptions { EigenEvery = 0 });
        List<StepRecord> records = [];
        Assert.Equal(TrainingOutcome.Diverged, trainer.Run((record, _) => records.Add(record)));

        // w is 1, −1e100, 1e200: the square of the last one overflows.
        Assert.Equal(2, records.Count);
        Assert.Equal([-1e100], trainer.LastGood!.ToArray());
    }

    [Fact]
    public void AStopThatIsLiftedDoesNotRecordItsStepTwice()
    {
        using Trainer first = Create(0.5, new TrainingOptions { Steps = 2 });
        List<long> steps = [];
        first.Run((record, _) => steps.Add(record.Step));
        first.Run((record, _) => steps.Add(record.Step));
        Assert.Equal([0L, 1, 2], steps);
    }

    [Theory]
    [InlineData(-1, 1, 1, 1e-3)]
    [InlineData(1, -1, 1, 1e-3)]
    [InlineData(1, 1, 0, 1e-3)]
    [InlineData(1, 1, 65, 1e-3)]
    [InlineData(1, 1, 1, 0)]
    [InlineData(1, 1, 1, double.NaN)]
    public void OptionsOutOfRangeAreRefused(long steps, int every, int count, double tolerance) =>
        Assert.Throws<InputException>(() => Create(
            0.5, new TrainingOptions { Steps = steps, EigenEvery = every, EigenCount = count, EigenTolerance = tolerance }));

    private Trainer Create(double stepSize, TrainingOptions options) =>
        new(_objective, null, new GradientDescent(stepSize), [1.0], options);
}
