namespace OpposingSignals.Tensors;

/// <summary>The content of a safetensors file.</summary>
/// <param name="Tensors">Tensors by name, in the order in which their data lie in the file.</param>
/// <param name="Metadata">The <c>__metadata__</c> map; empty if the file has none.</param>
public sealed record SafeTensorsFile(
    OrderedDictionary<string, HostTensor> Tensors,
    IReadOnlyDictionary<string, string> Metadata);
