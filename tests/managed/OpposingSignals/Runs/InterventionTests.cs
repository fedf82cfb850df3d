using OpposingSignals.Datasets;
using OpposingSignals.Runs;

namespace OpposingSignals.Tests.Runs;

public sealed class InterventionTests
{
    private readonly Dataset _data = DatasetCatalog.Load("planted:40").Training;

    [Fact]
    public void DroppingAndIsolatingShareTheDataBetweenThem()
    {
        int[] chosen = [3, 17, 5];
        Dataset rest = new Intervention { Kind = InterventionKind.Drop, Samples = chosen }.Apply(_data);
        Dataset alone = new Intervention { Kind = InterventionKind.Isolate, Samples = chosen }.Apply(_data);
        Assert.Equal(37, rest.Count);
        Assert.Equal<long>([Label(3), Label(5), Label(17)], alone.Targets.AsSpan<long>().ToArray());
        Assert.Equal(_data.Targets.AsSpan<long>()[4], rest.Targets.AsSpan<long>()[3]);
    }

    [Fact]
    public void RelabellingChangesTheTargetsOfTheChosenAlone()
    {
        Dataset changed =
            new Intervention { Kind = InterventionKind.Relabel, Samples = [2, 9], Class = 7 }.Apply(_data);
        for (int i = 0; i < _data.Count; i++)
        {
            Assert.Equal(i is 2 or 9 ? 7 : Label(i), changed.Targets.AsSpan<long>()[i]);
        }
    }

    [Fact]
    public void WhatCannotBeDoneIsRefused()
    {
        int[] all = [.. Enumerable.Range(0, 40)];
        Assert.Throws<InputException>(
            () => new Intervention { Kind = InterventionKind.Drop, Samples = all }.Apply(_data));
        Assert.Throws<InputException>(
            () => new Intervention { Kind = InterventionKind.Drop, Samples = [] }.Apply(_data));
        Assert.Throws<InputException>(
            () => new Intervention { Kind = InterventionKind.Isolate, Samples = [40] }.Apply(_data));
        Assert.Throws<InputException>(
            () => new Intervention { Kind = InterventionKind.Relabel, Samples = [1] }.Apply(_data));
    }

    private long Label(int sample) => _data.Targets.AsSpan<long>()[sample];
}
