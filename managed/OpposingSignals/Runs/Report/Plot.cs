using System.Collections.Immutable;

namespace OpposingSignals.Runs.Report;

/// <summary>A curve.</summary>
internal sealed record PlotLine
{
    /// <summary>Name in the legend.</summary>
    public required string Name { get; init; }

    /// <summary>Name in the read-out where the one in the legend serves several panels; null for the same.</summary>
    public string? FullName { get; init; }

    /// <summary>Class of the style sheet that gives the colour.</summary>
    public required string Style { get; init; }

    public required ReportSeries Series { get; init; }

    /// <summary>Half length of a vertical bar at each value; empty for none.</summary>
    public ImmutableArray<double> Whiskers { get; init; } = [];

    /// <summary>Values to mark with a ring.</summary>
    public Func<int, bool>? Ringed { get; init; }

    /// <summary>Draw a dot at each value and no line between steps that are not adjacent.</summary>
    public bool EachStep { get; init; }
}

/// <summary>A horizontal line at a value with a meaning.</summary>
internal sealed record PlotLevel(string Name, double Value);

/// <summary>A pair of axes.</summary>
internal sealed record PlotPanel
{
    /// <summary>What the vertical axis shows, with its unit.</summary>
    public required string Label { get; init; }

    public required ImmutableArray<PlotLine> Lines { get; init; }

    public ImmutableArray<PlotLevel> Levels { get; init; } = [];

    /// <summary>Logarithmic if the values are positive and span more than a factor of 30.</summary>
    public bool MayBeLogarithmic { get; init; }

    /// <summary>Ends of the axis; chosen from the values where null.</summary>
    public (double Low, double High)? Range { get; init; }

    public int Height { get; init; } = 200;

    /// <summary>Whether the legend names its lines; false where the label says what the only line is.</summary>
    public bool NamesLines { get; init; } = true;
}

/// <summary>Panels one above the other over a common step axis.</summary>
internal sealed record Plot
{
    /// <summary>What is to be seen, for readers who cannot see it.</summary>
    public required string Description { get; init; }

    public required ImmutableArray<PlotPanel> Panels { get; init; }

    /// <summary>A step to mark in all panels.</summary>
    public long? MarkedStep { get; init; }

    /// <summary>Words beside the mark.</summary>
    public string MarkName { get; init; } = "";
}
