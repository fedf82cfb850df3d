namespace OpposingSignals.Cli;

/// <summary>Exit statuses of every verb.</summary>
internal static class ExitStatus
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The run failed: it diverged, the disk is full, memory ran out.</summary>
    public const int Failed = 1;

    /// <summary>The command line or an input file is wrong.</summary>
    public const int WrongInput = 2;

    /// <summary>
    /// Interrupted by a signal, after leaving a run that can be resumed; the shells' number for SIGINT.
    /// </summary>
    public const int Interrupted = 130;
}
