namespace OpposingSignals.Tests;

public sealed class Xoshiro256Tests
{
    [Fact]
    public void TheSequenceIsThePublishedOne()
    {
        // First outputs of the reference C code for the state {1, 2, 3, 4}.
        var random = new Xoshiro256([1, 2, 3, 4]);
        Assert.Equal([11520UL, 0UL, 1509978240UL, 1215971899390074240UL], Draw(random, 4));
    }

    [Fact]
    public void TheSeedFillsTheStateByThePublishedSplitMix()
    {
        // First outputs of the reference SplitMix64 for the seed 1234567.
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL, 4593380528125082431UL],
            new Xoshiro256(1234567).State.ToArray());
    }

    [Fact]
    public void AStateContinuesItsSequence()
    {
        var random = new Xoshiro256(7);
        random.NextGaussian();
        var resumed = new Xoshiro256(random.State);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(random.NextGaussian(), resumed.NextGaussian());
        }

        Assert.Throws<ArgumentException>(() => new Xoshiro256([0, 0, 0, 0]));
        Assert.Throws<ArgumentException>(() => new Xoshiro256([1, 2, 3]));
    }

    [Fact]
    public void NumbersHaveTheMomentsOfTheirDistributions()
    {
        const int Count = 200_000;
        var random = new Xoshiro256(1);
        double uniform = 0, normal = 0, square = 0, fourth = 0;
        for (int i = 0; i < Count; i++)
        {
            double u = random.NextDouble(-1, 3), z = random.NextGaussian();
            Assert.InRange(u, -1, 3);
            uniform += u / Count;
            normal += z / Count;
            square += z * z / Count;
            fourth += z * z * z * z / Count;
        }

        // Five standard errors of each mean.
        double error = 5 / Math.Sqrt(Count);
        Assert.InRange(uniform, 1 - (error * Math.Sqrt(16 / 12.0)), 1 + (error * Math.Sqrt(16 / 12.0)));
        Assert.InRange(normal, -error, error);
        Assert.InRange(square, 1 - (error * Math.Sqrt(2)), 1 + (error * Math.Sqrt(2)));
        Assert.InRange(fourth, 3 - (error * Math.Sqrt(96)), 3 + (error * Math.Sqrt(96)));
    }

    [Fact]
    public void IntegersAreEvenlySpread()
    {
        var random = new Xoshiro256(2);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            counts[random.NextInt32(7)]++;
        }

        // Five standard deviations of a count: sqrt(70000 · 1/7 · 6/7) = 93.
        Assert.All(counts, count => Assert.InRange(count, 10_000 - 465, 10_000 + 465));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt32(0));
    }

    [Fact]
    public void AShuffleKeepsEveryValueAndReachesEveryOrder()
    {
        var random = new Xoshiro256(3);
        var seen = new HashSet<string>();
        for (int i = 0; i < 1000; i++)
        {
            char[] letters = [.. "abcd"];
            random.Shuffle<char>(letters);
            seen.Add(new string(letters));
        }

        Assert.Equal(24, seen.Count);
        Assert.All(seen, order => Assert.Equal("abcd", new string([.. order.Order()])));
    }

    private static ulong[] Draw(Xoshiro256 random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextUInt64())];
}
