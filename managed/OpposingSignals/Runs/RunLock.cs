namespace OpposingSignals.Runs;

/// <summary>
/// Keeps a second process from running a run. The operating system holds the lock, so that a kill releases it; the file
/// that carries it stays, because removing it would let a third process lock another file of the same name.
/// </summary>
internal sealed class RunLock : IDisposable
{
    // The error number of a lock that somebody else holds.
    private const int WouldBlock = 11;

    private readonly FileStream _stream;

    private RunLock(FileStream stream) => _stream = stream;

    /// <summary>Takes the lock of a folder that exists.</summary>
    /// <exception cref="InputException">Another process holds it.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static RunLock Take(RunFolder folder)
    {
        try
        {
            return new RunLock(
                new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new InputException(
                $"{folder.Root} is being run by another process. Wait for it, or interrupt it and resume then.", e);
        }
    }

    public void Dispose() => _stream.Dispose();
}
