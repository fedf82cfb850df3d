namespace OpposingSignals.Runs.Report;

/// <summary>The samples whose losses moved most at a step, unsorted by any search; the paper's raw lists.</summary>
/// <param name="Step">The step at whose end they had moved.</param>
/// <param name="Risers">Those that rose most; their mean loss is that of the first twenty.</param>
/// <param name="Fallers">Those that fell most.</param>
public sealed record ReportDump(long Step, ReportCamp Risers, ReportCamp Fallers);

/// <summary>A group that was given by hand.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Samples in it.</param>
/// <param name="Loss">Its mean loss over the run.</param>
public sealed record ReportGroup(string Name, int Size, ReportSeries Loss);
