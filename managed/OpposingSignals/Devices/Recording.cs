namespace OpposingSignals.Devices;

/// <summary>
/// Work whose operations, shapes and addresses never change, done many times: the first time as it is, so that
/// everything that it needs is there; from then on a device that can records it and does it as one.
/// </summary>
internal abstract class Recording : IDisposable
{
    /// <summary>Why the work is done operation by operation; null where it is recorded, or will be.</summary>
    public string? Refusal { get; protected set; }

    /// <summary>
    /// Does the work. It must be the same every time, and must neither wait for the device nor take memory.
    /// </summary>
    public abstract void Run(Action work);

    /// <inheritdoc/>
    public abstract void Dispose();
}
