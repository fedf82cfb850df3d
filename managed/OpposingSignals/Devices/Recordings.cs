namespace OpposingSignals.Devices;

/// <summary>Recorded work by what it is and the addresses that it works on.</summary>
internal sealed class Recordings(Device device) : IDisposable
{
    // Addresses that come once and never again must not pile up; in training there are a handful.
    private const int Most = 64;

    private readonly Dictionary<object, Recording> _recordings = [];

    /// <summary>Why work is not recorded, one reason each.</summary>
    public IReadOnlyCollection<string> Refusals =>
        [.. _recordings.Values.Select(recording => recording.Refusal).OfType<string>().Distinct()];

    /// <summary>Does the work, recorded where the device can.</summary>
    /// <param name="key">Everything that the work depends on beside the contents of memory; compared by value.</param>
    /// <param name="work">The work.</param>
    public void Run(object key, Action work)
    {
        if (!device.RecordsWork)
        {
            work();
            return;
        }

        if (!_recordings.TryGetValue(key, out Recording? recording))
        {
            if (_recordings.Count == Most)
            {
                Dispose();
            }

            recording = device.CreateRecording();
            _recordings.Add(key, recording);
        }

        recording.Run(work);
    }

    /// <summary>Forgets everything.</summary>
    public void Dispose()
    {
        foreach (Recording recording in _recordings.Values)
        {
            recording.Dispose();
        }

        _recordings.Clear();
    }
}
