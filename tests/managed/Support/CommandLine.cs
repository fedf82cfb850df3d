using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace OpposingSignals.Tests.Support;

/// <summary>The command line in processes of its own, with one thread.</summary>
internal static partial class CommandLine
{
    /// <summary>Exit status of a process that SIGKILL ended.</summary>
    public const int Killed = 128 + 9;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Three folders above shared/Microsoft.NETCore.App/VERSION/.
    private static readonly string Host = Path.GetFullPath(
        Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>Runs a command to its end.</summary>
    public static CommandResult Run(params IEnumerable<string> arguments)
    {
        using RunningCommand command = Start(arguments);
        return command.Wait(Patience);
    }

    /// <summary>Runs the program of this assembly to its end.</summary>
    public static CommandResult Measure(params IEnumerable<string> arguments)
    {
        using var command =
            new RunningCommand(StartInfo(Host, [typeof(CommandLine).Assembly.Location, .. arguments]));
        return command.Wait(Patience);
    }

    /// <summary>Starts a command.</summary>
    public static RunningCommand Start(params IEnumerable<string> arguments) =>
        new(StartInfo(Host, [Path.Combine(AppContext.BaseDirectory, "opsig.dll"), .. arguments]));

    /// <summary>Runs a line of bash in which <c>"$@"</c> is the command line.</summary>
    public static CommandResult Shell(string script, params IEnumerable<string> arguments)
    {
        using var command = new RunningCommand(StartInfo(
            "bash", ["-c", script, "bash", Host, Path.Combine(AppContext.BaseDirectory, "opsig.dll"), .. arguments]));
        return command.Wait(Patience);
    }

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments)
    {
        // A test run in the background of a shell inherits an ignored SIGINT, and so would its children.
        var info = new ProcessStartInfo("/usr/bin/env", ["--default-signal=INT,TERM", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["OMP_NUM_THREADS"] = "1";
        info.Environment["OMP_WAIT_POLICY"] = "passive";
        return info;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Signal(int process, int signal);
}

/// <summary>How a command ended.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandResult(int Status, string Output, string Error)
{
    /// <summary>The lines of standard error that report a failure.</summary>
    public string[] Complaints =>
        [.. Error.Split('\n').Where(line => line.StartsWith("opsig: ", StringComparison.Ordinal))];

    /// <summary>Asserts the status, and shows what the command said where it is another.</summary>
    public CommandResult Expect(int status)
    {
        Assert.True(Status == status, $"Status {Status} instead of {status}.\n{Output}\n{Error}");
        return this;
    }

    /// <summary>Asserts that nothing but one line on standard error was written, and returns the line.</summary>
    public string OneLine(int status)
    {
        Expect(status);
        Assert.Equal("", Output);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("opsig: ", line, StringComparison.Ordinal);
        return line;
    }
}

/// <summary>A command under way.</summary>
internal sealed class RunningCommand : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    public RunningCommand(ProcessStartInfo info)
    {
        _process = Process.Start(info)!;
        _process.OutputDataReceived += (_, line) => Add(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Add(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Whether it ended within a time.</summary>
    public bool Ends(TimeSpan within) => _process.WaitForExit(within);

    /// <summary>Sends a signal.</summary>
    public void Signal(int signal) => Assert.Equal(0, CommandLine.Signal(_process.Id, signal));

    /// <summary>Sends SIGKILL, unless the command has ended already.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits until a condition holds; fails if the command ends before.</summary>
    public void WaitUntil(Func<bool> holds)
    {
        while (!holds())
        {
            Assert.False(_process.WaitForExit(1), $"The command ended too early.\n{_error}");
        }
    }

    /// <summary>Waits for the end.</summary>
    public CommandResult Wait(TimeSpan patience)
    {
        Assert.True(_process.WaitForExit(patience), $"The command does not end.\n{_error}");

        // Without a limit, so that the last lines have been read too.
        _process.WaitForExit();
        return new CommandResult(_process.ExitCode, _output.ToString(), _error.ToString());
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static void Add(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
            }
        }
    }
}
