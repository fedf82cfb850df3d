using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Training;

public sealed class TrainerTests
{
    [Theory]
    [OnEachDevice]
    public void StepsAreRecordedBeforeTheyAreTakenAndTheLastOneIsNotTaken(string deviceName)
    {
        using var run = new Descent(deviceName, 0.5, new TrainingOptions { Steps = 3 });
        List<StepRecord> records = [];
        Assert.Equal(TrainingOutcome.StepsTaken, run.Trainer.Run((record, _) => records.Add(record)));
        Assert.Equal([0L, 1, 2, 3], records.Select(record => record.Step));
        Assert.Equal([0.5, 0.125, 0.03125, 0.0078125], records.Select(record => record.Loss));
        Assert.Equal([1, 0.5, 0.25, 0.125], records.Select(record => record.GradientNorm));
        Assert.All(records, record => Assert.Equal(1, record.Eigenpairs![0].Value, 12));
        Assert.Equal(3, run.Trainer.Step);
        Assert.Equal([0.125], run.Trainer.Parameters.ToArray());
        Assert.Equal([0.25], run.Trainer.LastGood!.ToArray());
    }

    [Theory]
    [OnEachDevice]
    public void QuantitiesAreMeasuredOnlyWhenTheyAreDue(string deviceName)
    {
        using var run = new Descent(deviceName, 0.5, new TrainingOptions { Steps = 6, EigenEvery = 3 });
        List<long> measured = [];
        run.Trainer.Run((record, _) =>
        {
            if (record.Eigenpairs is not null)
            {
                measured.Add(record.Step);
            }
        });
        Assert.Equal([0L, 3, 6], measured);
    }

    [Theory]
    [OnEachDevice]
    public void TheLossToStopAtStops(string deviceName)
    {
        using var run = new Descent(deviceName, 0.5, new TrainingOptions { StopLoss = 0.1 });
        Assert.Equal(TrainingOutcome.LossReached, run.Trainer.Run((_, _) => { }));
        Assert.Equal(2, run.Trainer.Step);
    }

    [Theory]
    [OnEachDevice]
    public void CancellationFinishesTheStepInProgress(string deviceName)
    {
        using var run = new Descent(deviceName, 0.5, new TrainingOptions());
        using var stop = new CancellationTokenSource();
        TrainingOutcome outcome = run.Trainer.Run(
            (record, _) =>
            {
                if (record.Step == 4)
                {
                    stop.Cancel();
                }
            },
            cancellation: stop.Token);
        Assert.Equal(TrainingOutcome.Interrupted, outcome);
        Assert.Equal(5, run.Trainer.Step);
        Assert.Equal([1 / 32.0], run.Trainer.Parameters.ToArray());
    }

    [Theory]
    [OnEachDevice]
    public void ADivergenceEndsTrainingAndKeepsTheLastGoodParameters(string deviceName)
    {
        using var run = new Descent(deviceName, 1e100, new TrainingOptions { EigenEvery = 0 });
        List<StepRecord> records = [];
        Assert.Equal(TrainingOutcome.Diverged, run.Trainer.Run((record, _) => records.Add(record)));

        // w is 1, −1e100, 1e200: the square of the last one overflows.
        Assert.Equal(2, records.Count);
        Assert.Equal([-1e100], run.Trainer.LastGood!.ToArray());
    }

    [Theory]
    [OnEachDevice]
    public void AStopThatIsLiftedDoesNotRecordItsStepTwice(string deviceName)
    {
        using var run = new Descent(deviceName, 0.5, new TrainingOptions { Steps = 2 });
        List<long> steps = [];
        run.Trainer.Run((record, _) => steps.Add(record.Step));
        run.Trainer.Run((record, _) => steps.Add(record.Step));
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
        Assert.Throws<InputException>(() => new Descent(
            "cpu",
            0.5,
            new TrainingOptions
            {
                Steps = steps, EigenEvery = every, EigenCount = count, EigenTolerance = tolerance,
            }).Dispose());

    // y = w x on the points ±1 from w = 1: L(w) = w²/2, so that a step multiplies w by 1 − η.
    private sealed class Descent : IDisposable
    {
        private readonly Device _device;
        private readonly Objective _objective;

        public Descent(string deviceName, double stepSize, TrainingOptions options)
        {
            _device = TestDevices.Open(deviceName);
            _objective = new Objective(
                _device,
                Precision.Float64,
                new NetworkBuilder(FeatureShape.Vector(1)).Linear(1, bias: false).Build(),
                Loss.Named("mse"),
                HostTensor.From<double>([-1, 1], 2, 1),
                HostTensor.From<double>([0, 0], 2, 1));
            Trainer = new Trainer(_objective, null, new GradientDescent(stepSize), [1.0], options);
        }

        public Trainer Trainer { get; }

        public void Dispose()
        {
            Trainer.Dispose();
            _objective.Dispose();
            _device.Dispose();
        }
    }
}
