namespace OpposingSignals.Tensors;

/// <summary>
/// A safetensors file cannot be read; the message is one line that names the file and what is wrong in it.
/// </summary>
public sealed class SafeTensorsException(string message, Exception? inner = null) : InputException(message, inner);
