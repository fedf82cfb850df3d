using System.Runtime.InteropServices;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A shared library of NVIDIA's in this process. It stays loaded: these libraries do not bear to be
/// unloaded.</summary>
internal sealed class SharedLibrary
{
    private readonly nint _handle;

    private SharedLibrary(string path, nint handle) => (Path, _handle) = (path, handle);

    /// <summary>Where it lies, or only its name where the system's search found it.</summary>
    public string Path { get; }

    /// <summary>The newest version that can be loaded, in the folders first, then by the system's search.</summary>
    /// <param name="name">What it is called, for the message.</param>
    /// <param name="file">Its file up to the version, for example <c>libcublas.so</c>.</param>
    /// <param name="versions">Versions of its interface, newest first.</param>
    /// <param name="search">Where to look.</param>
    /// <exception cref="LibraryException">There is none.</exception>
    public static SharedLibrary Find(string name, string file, IReadOnlyList<int> versions, LibrarySearch search)
    {
        string? refused = null;
        foreach (string path in search.Candidates(file, versions))
        {
            nint handle;
            try
            {
                handle = NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // A file that is there and cannot be loaded says more than ten that are not there.
                refused ??= File.Exists(path) ? $"{path}: {e.Message.ReplaceLineEndings(" ").Trim()}" : null;
                continue;
            }

            if (search.TakesOnlyStandIns && !NativeLibrary.TryGetExport(handle, "opsig_stand_in", out _))
            {
                refused ??= $"{path} works on a GPU's memory, and the device is emulated";
                continue;
            }

            return new SharedLibrary(path, handle);
        }

        throw new LibraryException(
            $"{name} is not timed: {refused ?? $"no {file}.{string.Join(", .", versions)} in {search}"}.");
    }

    /// <summary>The address of an entry point.</summary>
    /// <exception cref="LibraryException">The library has none of that name.</exception>
    public nint Export(string name) =>
        NativeLibrary.TryGetExport(_handle, name, out nint address)
            ? address
            : throw new LibraryException($"{Path} lacks {name}.");
}
