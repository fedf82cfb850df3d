namespace OpposingSignals;

/// <summary>
/// Something that the user supplied is wrong: a name, an option or the content of a file. The message is one line that
/// says what is wrong, where, and what to do. The command line ends with exit status 2 on it.
/// </summary>
public class InputException(string message, Exception? inner = null) : Exception(message, inner);
