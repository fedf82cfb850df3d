namespace OpposingSignals.Datasets;

/// <summary>What a data set name stands for.</summary>
/// <param name="Training">The samples to train on.</param>
/// <param name="Test">Samples of the same kind that training does not see; null where there are none.</param>
/// <param name="Normalization">
/// How pictures became inputs, for further ones such as probes; null where the samples are not pictures.
/// </param>
public sealed record DatasetPair(Dataset Training, Dataset? Test, Normalization? Normalization);
