namespace OpposingSignals.Networks;

/// <summary>Which statistics batch normalisation uses.</summary>
public enum BatchNormMode
{
    /// <summary>
    /// Those of the micro-batch, which is so a part of the objective: L is a mean over fixed batches of coupled
    /// samples.
    /// </summary>
    Train = 0,

    /// <summary>The running ones, which are constants: samples are independent.</summary>
    Eval = 1,
}
