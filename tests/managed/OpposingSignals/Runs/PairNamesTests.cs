using OpposingSignals.Outliers;
using OpposingSignals.Runs;
using OpposingSignals.Runs.Report;
using OpposingSignals.Tests.Support;
using OpposingSignals.Training;

namespace OpposingSignals.Tests.Runs;

public sealed class PairNamesTests
{
    // Searches come every 64 steps: what is there after 60 is found by the analysis of the end alone.
    private const int Steps = 60;

    [Fact]
    public void WhatTheAnalysisOfTheEndFindsHasANameThatEverythingKnowsAndALongerRunKeeps()
    {
        using var folder = new TemporaryFolder();
        GroupsRecord shown;
        using (Run run = Run.Create(folder["run"], Configuration))
        {
            Assert.Equal(TrainingOutcome.StepsTaken, run.Train());
            shown = RunAnalysis.Analyze(run, randomSamples: 1);
        }

        PairRecord pair = Assert.Single(shown.Pairs);
        Assert.Equal(("A", (long?)Steps), (pair.Name, pair.FirstStep));
        using (Run later = Run.Inspect(folder["run"]))
        {
            PairRecord again = Assert.Single(RunAnalysis.Analyze(later, randomSamples: 1).Pairs);
            Assert.Equal(("A", (long?)Steps), (again.Name, again.FirstStep));
            Assert.Equal("A", ReportBuilder.Build(later, shown).Pairs!.Value[0].Name);
            Assert.Equal(
                [.. pair.Up.Indices, .. pair.Down.Indices],
                SampleSelection.Parse(later.Folder, later.Objects.Data.Training.Count, "A"));
        }

        using Run longer = Run.Resume(
            folder["run"], kept => kept with { Training = kept.Training with { Steps = 2 * Steps } });
        FollowedPair known = Assert.Single(longer.Trainer.Groups.Pairs.All);
        Assert.Equal<int>([.. pair.Up.Indices], known.Up);
        longer.Train();
        known = longer.Trainer.Groups.Pairs.All[0];
        Assert.Equal(("A", (long)Steps), (known.Name, known.FirstStep));
        Assert.True(known.Sightings > 1);
    }

    private static RunConfiguration Configuration => new()
    {
        Model = "mlp:16:tanh",
        Data = "planted:1000:2:0",
        Loss = "mse",
        StepSize = 0.15,
        Threads = 1,
        Training = new TrainingOptions
        {
            Steps = Steps, EigenEvery = 4, EigenCount = 4, EigenTolerance = 0.05, TestEvery = 0,
        },
    };
}
