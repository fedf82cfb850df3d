using System.Diagnostics;
using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks;

/// <summary>How long work takes on a device, once it is under way.</summary>
internal sealed class WorkTimer(Device device, double seconds)
{
    private const int Rounds = 5;

    // So often in a row within what is recorded, that a GPU is not kept waiting between two short kernels.
    private readonly int _inARow = device.RecordsWork ? 8 : 1;

    /// <summary>Seconds of one run: the least of five measurements of so many runs as take the wanted time together.</summary>
    public double Of(Action work)
    {
        using var recordings = new Recordings(device);
        Repeat(1);
        double once = Math.Max(Repeat(1), 1e-9);
        int repeats = (int)Math.Clamp(seconds / Rounds / once, 1, 1e6);
        double best = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            best = Math.Min(best, Repeat(repeats));
        }

        return best / _inARow;

        // Seconds of a recording, on average.
        double Repeat(int times)
        {
            device.Synchronize();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < times; i++)
            {
                recordings.Run(0, InRow);
            }

            device.Synchronize();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / times;
        }

        void InRow()
        {
            for (int i = 0; i < _inARow; i++)
            {
                work();
            }
        }
    }
}
