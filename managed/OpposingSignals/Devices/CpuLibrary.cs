using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace OpposingSignals.Devices;

/// <summary>
/// The native CPU library: found, checked and kept for the life of the process.
/// </summary>
/// <remarks>
/// Search order: the file named by <c>OPSIG_NATIVE</c>; the folder of this assembly; <c>runtimes/linux-x64/native</c>
/// beside it; the system's own search. <c>OPSIG_INSTRUCTIONS</c> (<c>avx512</c>, <c>avx2</c>) overrides the choice by
/// processor.
/// </remarks>
internal sealed unsafe class CpuLibrary
{
    private const int AbiVersion = 1;

    private static readonly Lazy<CpuLibrary> Loaded = new(Load);

    private readonly Dictionary<string, NativeOperation> _operations = [];
    private readonly delegate* unmanaged<byte*> _lastError;
    private readonly delegate* unmanaged<int, int> _setThreads;
    private readonly delegate* unmanaged<int> _threads;

    private CpuLibrary(nint handle)
    {
        _lastError = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(handle, "opsig_last_error");
        _setThreads = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(handle, "opsig_set_threads");
        _threads = (delegate* unmanaged<int>)NativeLibrary.GetExport(handle, "opsig_threads");
        var instructionSet = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(handle, "opsig_instruction_set");
        InstructionSet = Marshal.PtrToStringUTF8((nint)instructionSet()) ?? "";
        var first = (delegate* unmanaged<TableEntry*>)NativeLibrary.GetExport(handle, "opsig_operations");
        for (TableEntry* entry = first(); entry != null; entry = entry->Next)
        {
            string name = Marshal.PtrToStringUTF8((nint)entry->Name) ?? "";
            _operations.Add(name, new NativeOperation((nint)entry->Run, checked((int)entry->ArgumentSize)));
        }
    }

    /// <summary>The library of this process.</summary>
    /// <exception cref="DeviceUnavailableException">
    /// No library could be loaded; the message lists every path tried.
    /// </exception>
    public static CpuLibrary Instance => Loaded.Value;

    /// <summary>Vector instructions that the loaded build uses.</summary>
    public string InstructionSet { get; }

    /// <summary>
    /// Names and argument sizes of every operation, for the test that compares them with the managed structs.
    /// </summary>
    public IReadOnlyDictionary<string, NativeOperation> Operations => _operations;

    /// <summary>Threads that operations use.</summary>
    public int Threads
    {
        get => _threads();
        set => ThrowOnFailure(_setThreads(value));
    }

    /// <summary>The function of an operation, after its argument size was compared with the managed struct's.</summary>
    public delegate* unmanaged<void*, int> Resolve(string name, int argumentSize)
    {
        if (!_operations.TryGetValue(name, out NativeOperation operation))
        {
            throw new DeviceUnavailableException(
                $"The native library has no operation '{name}'. It was built from other sources: build it again.");
        }

        if (operation.ArgumentSize != argumentSize)
        {
            throw new DeviceUnavailableException(
                $"Operation '{name}' takes {operation.ArgumentSize} bytes of arguments in the native library and " +
                $"{argumentSize} here. It was built from other sources: build it again.");
        }

        return (delegate* unmanaged<void*, int>)operation.Run;
    }

    /// <summary>Turns a failing status into an exception with the library's message.</summary>
    public void ThrowOnFailure(int status)
    {
        if (status != 0)
        {
            throw new NativeException(
                (NativeStatus)status, Marshal.PtrToStringUTF8((nint)_lastError()) ?? "no message");
        }
    }

    private static CpuLibrary Load()
    {
        var trace = new List<string>();
        foreach (string path in Candidates(trace))
        {
            nint handle;
            try
            {
                handle = NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                trace.Add($"{path}: {e.Message.ReplaceLineEndings(" ")}");
                continue;
            }

            if (!NativeLibrary.TryGetExport(handle, "opsig_abi_version", out nint export))
            {
                trace.Add($"{path}: not a library of this project");
                continue;
            }

            int version = ((delegate* unmanaged<int>)export)();
            if (version != AbiVersion)
            {
                trace.Add($"{path}: ABI version {version}, wanted {AbiVersion}");
                continue;
            }

            return new CpuLibrary(handle);
        }

        throw new DeviceUnavailableException(
            "The native CPU library could not be loaded. Tried:\n  " + string.Join("\n  ", trace) +
            "\nBuild it with 'cmake --preset release && cmake --build --preset release'.");
    }

    private static IEnumerable<string> Candidates(List<string> trace)
    {
        if (Environment.GetEnvironmentVariable("OPSIG_NATIVE") is { Length: > 0 } named)
        {
            yield return named;
            yield break;
        }

        string? instructions = Environment.GetEnvironmentVariable("OPSIG_INSTRUCTIONS") is { Length: > 0 } wanted
            ? wanted
            : Avx512F.IsSupported && Avx512DQ.IsSupported && Avx512BW.IsSupported ? "avx512"
            : Avx2.IsSupported && Fma.IsSupported ? "avx2"
            : null;
        if (instructions is null)
        {
            trace.Add("this processor has neither AVX-512 nor AVX2 with FMA, which the library needs");
            yield break;
        }

        string file = $"libopsig_cpu_{instructions}.so";
        yield return Path.Combine(AppContext.BaseDirectory, file);
        yield return Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", file);
        yield return file;
    }

    /// <summary>An entry of the library's table.</summary>
    /// <param name="Run">Address of the function.</param>
    /// <param name="ArgumentSize">Bytes of its argument struct.</param>
    internal readonly record struct NativeOperation(nint Run, int ArgumentSize);

    [StructLayout(LayoutKind.Sequential)]
    private struct TableEntry
    {
        public byte* Name;
        public void* Run;
        public nuint ArgumentSize;
        public TableEntry* Next;
    }
}
