using System.Globalization;
using OpposingSignals.Curvature;
using OpposingSignals.Datasets;

namespace OpposingSignals.Runs;

/// <summary>
/// What carries the curvature vᵀHv = mean of vᵀ∇²ℓᵢv, v the leading of the <see cref="StabilityDirections"/>: pairs, few
/// samples, labels. For v = P⁻¹ᐟ²u it is the preconditioned sharpness times vᵀPv, which no share depends on.
/// </summary>
public sealed record SharpnessComposition
{
    /// <summary>Share of the samples of all pairs together.</summary>
    public required double Pairs { get; init; }

    /// <summary>How many samples those are.</summary>
    public required int PairSamples { get; init; }

    /// <summary>The fewest samples that carry half.</summary>
    public required int HalfCarriedBy { get; init; }

    /// <summary>All samples.</summary>
    public required int Samples { get; init; }

    /// <summary>
    /// Share of the tenth of the samples whose losses moved most over the latest steps; below 0 is possible.
    /// </summary>
    public required double LargestMovers { get; init; }

    /// <summary>Share of each label's samples, largest first; empty without labels.</summary>
    public IReadOnlyList<LabelShareRecord> Labels { get; init; } = [];

    /// <summary>The same in a sentence or two.</summary>
    /// <param name="curvature">What is carried: the sharpness, or the preconditioned sharpness.</param>
    public string Explain(string curvature)
    {
        string labels = Labels.Count < 2
            ? ""
            : " By label: " + string.Join(", ", Labels.Take(4).Select(label => string.Create(
                CultureInfo.InvariantCulture, $"{label.Name} {label.Share:P0}"))) + ".";
        string pairs = PairSamples == 0
            ? "The"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The pairs together ({PairSamples} samples) carry {Pairs:P0} of the {curvature}; the");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{pairs} tenth of the samples whose losses move most carries {LargestMovers:P0} of the {curvature}, and half of it lies " +
            $"in {HalfCarriedBy} of {Samples} samples ({(double)HalfCarriedBy / Samples:P1}).") +
            labels;
    }

    /// <summary>Takes it apart.</summary>
    /// <param name="curvatures">vᵀ∇²ℓᵢv of every sample.</param>
    /// <param name="pairs">Members of all pairs.</param>
    /// <param name="movements">Size of each sample's loss changes.</param>
    /// <param name="data">Labels, if there are any.</param>
    internal static SharpnessComposition Of(
        double[] curvatures, IEnumerable<int> pairs, double[] movements, Dataset data)
    {
        double whole = curvatures.Sum();
        int[] members = [.. pairs.Distinct()];
        double carried = 0;
        int half = curvatures.OrderDescending().TakeWhile(curvature => (carried += curvature) < whole / 2).Count() + 1;
        IEnumerable<int> movers = Enumerable.Range(0, curvatures.Length).OrderByDescending(i => movements[i])
            .Take(Math.Max(1, curvatures.Length / 10));
        return new SharpnessComposition
        {
            Pairs = Share(members),
            PairSamples = members.Length,
            HalfCarriedBy = Math.Min(half, curvatures.Length),
            Samples = curvatures.Length,
            LargestMovers = Share(movers),
            Labels = data.HasLabels ? Labelled() : [],
        };

        double Share(IEnumerable<int> samples) => samples.Sum(i => curvatures[i]) / whole;

        IReadOnlyList<LabelShareRecord> Labelled()
        {
            long[] labels = data.Targets.AsSpan<long>().ToArray();
            return [.. Enumerable.Range(0, curvatures.Length).GroupBy(i => (int)labels[i])
                .Select(group => new LabelShareRecord(data.ClassName(group.Key), Share(group)))
                .OrderByDescending(label => label.Share)];
        }
    }
}

/// <summary>A label's share of the curvature.</summary>
/// <param name="Name">The label.</param>
/// <param name="Share">Σ_{i of the label} vᵀ∇²ℓᵢv / Σ_i vᵀ∇²ℓᵢv.</param>
public sealed record LabelShareRecord(string Name, double Share);
