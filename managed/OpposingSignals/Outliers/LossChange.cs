namespace OpposingSignals.Outliers;

/// <summary>How the loss of one sample changed over one step.</summary>
/// <param name="Index">The sample's index in the data set.</param>
/// <param name="Change">d = ℓ(θ_t) − ℓ(θ_{t−1}), in units of the loss.</param>
public readonly record struct LossChange(int Index, double Change);
