namespace OpposingSignals.Datasets;

/// <summary>
/// A data set cannot be had as asked for; the message is one line that says what is wrong and what to do.
/// </summary>
public sealed class DatasetException(string message, Exception? inner = null) : InputException(message, inner);
