using System.Text.Json;

namespace OpposingSignals.Runs.Signals;

/// <summary>
/// What a pair of opposing groups has in common and what sets its camps apart. Parts that do not apply are empty.
/// </summary>
public sealed record SignalRecord
{
    /// <summary>Labels of both camps, most frequent first; empty for data without one class per sample.</summary>
    public IReadOnlyList<ClassCount> Classes { get; init; } = [];

    /// <summary>
    /// Share of the pair's curvature ⟨v_l, (H_pair v)_l⟩ / vᵀH_pair v in every parameter tensor l, with v the leading
    /// direction and H_pair the Hessian of the mean loss of the pair's samples. The shares add up to 1; single ones
    /// may be negative.
    /// </summary>
    public IReadOnlyList<LayerShareRecord> CurvatureShares { get; init; } = [];

    /// <summary>
    /// The unit vector u along which the members' outputs move most when θ moves along v: the first principal axis of
    /// the J_i v, largest component first, that one positive.
    /// </summary>
    public IReadOnlyList<OutputWeight> Outputs { get; init; } = [];

    /// <summary>Channels before the last layer that tell the pair's samples from all others, strongest first.</summary>
    public IReadOnlyList<ChannelRecord> SharedChannels { get; init; } = [];

    /// <summary>Channels before the last layer that tell one camp from the other, strongest first.</summary>
    public IReadOnlyList<ChannelRecord> DividingChannels { get; init; } = [];

    /// <summary>Phrases of a text that are over-represented in either camp.</summary>
    public IReadOnlyList<PhraseRecord> UpPhrases { get; init; } = [];

    /// <inheritdoc cref="UpPhrases"/>
    public IReadOnlyList<PhraseRecord> DownPhrases { get; init; } = [];

    /// <summary>The record as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Default.SignalRecord);
}

/// <summary>How often a class occurs in both camps.</summary>
/// <param name="Name">The class.</param>
/// <param name="Up">Samples of it in the first camp.</param>
/// <param name="Down">Samples of it in the other.</param>
public sealed record ClassCount(string Name, int Up, int Down);

/// <summary>An output's part in the direction u.</summary>
/// <param name="Name">The class, or the number of the output.</param>
/// <param name="Weight">u_c.</param>
public sealed record OutputWeight(string Name, double Weight);

/// <summary>A channel before the last layer.</summary>
/// <param name="Channel">Its number.</param>
/// <param name="Correlation">Of its activation with belonging to the group, over samples: between −1 and 1.</param>
public sealed record ChannelRecord(int Channel, double Correlation);

/// <summary>A run of tokens that is over-represented in a camp.</summary>
/// <param name="Text">The tokens.</param>
/// <param name="Members">Share of the camp's samples that hold it.</param>
/// <param name="Others">Share of all other samples that do.</param>
/// <param name="Score">
/// How many standard deviations the members' share lies above what the others' share makes expect.
/// </param>
public sealed record PhraseRecord(string Text, double Members, double Others, double Score);
