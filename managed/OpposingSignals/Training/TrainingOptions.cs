namespace OpposingSignals.Training;

/// <summary>
/// When training ends and what it measures on the way. Measuring never changes the losses, not in the last bit.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Steps to take, at most.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>Stop once the training accuracy exceeds this; null for never.</summary>
    public double? StopAccuracy { get; init; }

    /// <summary>Stop once the training loss is below this; null for never.</summary>
    public double? StopLoss { get; init; }

    /// <summary>Steps between measurements of the top eigenpairs; 0 for never.</summary>
    public int EigenEvery { get; init; } = 1;

    /// <summary>
    /// Eigenpairs of the Hessian to track; where groups are found along those of P⁻¹H, as many of these, too.
    /// </summary>
    public int EigenCount { get; init; } = 1;

    /// <summary>Relative residual ‖Hv − λv‖ / |λ| at which an eigenpair counts as found.</summary>
    public double EigenTolerance { get; init; } = 1e-3;

    /// <summary>
    /// Steps from one measurement of every sample's slope and curvature along the tracked eigenvectors to the next,
    /// from which opposing groups are found; 0 finds them from the losses alone. They are measured where the eigenpairs
    /// are, along those of P⁻¹H where the optimiser divides by a P.
    /// </summary>
    public int GroupEvery { get; init; } = 4;

    /// <summary>Steps between evaluations of the test set; 0 for never.</summary>
    public int TestEvery { get; init; } = 10;

    /// <summary>Checks the options.</summary>
    /// <exception cref="InputException">A number is out of range.</exception>
    public void Validate()
    {
        Require(Steps >= 0, $"The number of steps must be at least 0, got {Steps}.");
        Require(EigenEvery >= 0, $"The steps between eigenvalues must be at least 0, got {EigenEvery}.");
        Require(GroupEvery >= 0,
            $"The steps between measurements along the eigenvectors must be at least 0, got {GroupEvery}.");
        Require(EigenCount is >= 1 and <= 64, $"Between 1 and 64 eigenvalues can be tracked, got {EigenCount}.");
        Require(EigenTolerance is > 0
            and < 1, $"The eigenvalues' tolerance must lie between 0 and 1, got {EigenTolerance}.");
        Require(TestEvery >= 0, $"The steps between tests must be at least 0, got {TestEvery}.");
        Require(StopAccuracy is not { } accuracy
            || accuracy is >= 0 and <= 1, $"An accuracy lies between 0 and 1, got {StopAccuracy}.");
        Require(StopLoss is not { } loss || loss >= 0, $"A loss to stop at must be at least 0, got {StopLoss}.");
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new InputException(message);
        }
    }
}
