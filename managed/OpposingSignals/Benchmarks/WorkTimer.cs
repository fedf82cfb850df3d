using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks;

/// <summary>How long work takes on a device, once it is under way.</summary>
internal sealed class WorkTimer(Device device, double seconds)
{
    private const int Rounds = 5;

    // So often in a row within what is recorded, that a GPU is not kept waiting between two short kernels.
    private readonly int _inARow = device.RecordsWork ? 8 : 1;

    /// <summary>Seconds of one run: the least of five measurements of so many runs as take the wanted time
    /// together.</summary>
    public double Of(Action work) => OfEach(work)[0];

    /// <summary>Seconds of one run of each work. They take turns within a round, so that a device that warms up or
    /// slows down meets all of them.</summary>
    public double[] OfEach(params Action[] works)
    {
        using var recordings = new Recordings(device);
        int[] repeats = new int[works.Length];
        double[] best = new double[works.Length];
        for (int i = 0; i < works.Length; i++)
        {
            Repeat(i, 1);
            repeats[i] = (int)Math.Clamp(seconds / Rounds / Math.Max(Repeat(i, 1), 1e-9), 1, 1e6);
            best[i] = double.PositiveInfinity;
        }

        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < works.Length; i++)
            {
                best[i] = Math.Min(best[i], Repeat(i, repeats[i]));
            }
        }

        return Array.ConvertAll(best, recorded => recorded / _inARow);

        // Seconds of a recording, on average.
        double Repeat(int which, int times) =>
            device.SecondsOf(() =>
            {
                for (int i = 0; i < times; i++)
                {
                    recordings.Run(which, () => InRow(works[which]));
                }
            }) / times;
    }

    private void InRow(Action work)
    {
        for (int i = 0; i < _inARow; i++)
        {
            work();
        }
    }
}
