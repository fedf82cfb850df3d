namespace OpposingSignals;

/// <summary>
/// Something given from outside is wrong: a name, a number, a shape or a file. The message is one line that says what, where
/// and what to do; the command line ends with exit status 2.
/// </summary>
public class InputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InputException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its one-line message and what caused it.</summary>
    public InputException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
