using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OpposingSignals.Runs;

/// <summary>
/// Replaces files so that a kill or a power failure at any instant leaves the old content or the new, never a part of
/// it.
/// </summary>
/// <remarks>
/// The content goes to <c>NAME.partial</c> in the same folder, is flushed to disk, and is renamed over <c>NAME</c>;
/// then the folder is flushed, because the rename itself lives there. The temporary name is fixed, so that what a kill
/// leaves behind is overwritten by the next attempt, and locked, so that a second writer is refused.
/// </remarks>
public static partial class AtomicFile
{
    private const int ReadOnly = 0;
    private const int CloseOnExec = 0x80000;

    /// <summary>Writes a file, or leaves what was there.</summary>
    /// <param name="path">The final name; its folder must exist.</param>
    /// <param name="write">Writes the content to the stream it is given; it need not flush.</param>
    /// <exception cref="IOException">
    /// The folder is missing or not writable, the disk is full, or another writer holds the file. Exceptions of
    /// <paramref name="write"/> that are not about input or output pass unchanged. No temporary file remains in either
    /// case.
    /// </exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string final = Path.GetFullPath(path);
        string temporary = final + ".partial";
        try
        {
            // Opened outside the clean-up: a file that another writer has locked is not ours to delete.
            var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None);
            try
            {
                using (stream)
                {
                    write(stream);
                    stream.Flush(flushToDisk: true);
                }

                File.Move(temporary, final, overwrite: true);
            }
            catch
            {
                Delete(temporary);
                throw;
            }

            FlushFolder(Path.GetDirectoryName(final)!);
        }
        catch (Exception e) when (IsDiskFailure(e))
        {
            throw new IOException($"{path} could not be written: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Writes text as UTF-8 without a byte order mark; see <see cref="Write"/>.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether an exception tells of a disk that cannot be written.</summary>
    internal static bool IsDiskFailure(Exception e) =>
        // The last is how the framework reports a file that would grow beyond a limit.
        e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>Makes the names in a folder durable: files created, renamed or deleted there.</summary>
    /// <exception cref="IOException">The folder cannot be opened or flushed.</exception>
    internal static void FlushFolder(string folder)
    {
        // File.OpenHandle refuses folders, so the descriptor comes from the C library.
        using var handle = new SafeFileHandle(Open(folder, ReadOnly | CloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw new IOException($"The folder {folder} could not be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        RandomAccess.FlushToDisk(handle);
    }

    private static void Delete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that brought us here is the one to report.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
