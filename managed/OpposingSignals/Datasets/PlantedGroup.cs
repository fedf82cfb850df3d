using System.Collections.Immutable;

namespace OpposingSignals.Datasets;

/// <summary>
/// Samples that are known in advance to belong together, against which a search for outliers can be scored.
/// </summary>
/// <param name="Name">What they share.</param>
/// <param name="Indices">Their positions in the data set, increasing.</param>
public sealed record PlantedGroup(string Name, ImmutableArray<int> Indices);
