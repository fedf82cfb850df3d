namespace OpposingSignals.Tests.Cli;

/// <summary>
/// Tests that start processes run one after the other: their timing is that of a machine that is not overloaded.
/// </summary>
[CollectionDefinition(Name)]
public sealed class CommandLineCollection
{
    public const string Name = "command line";
}
