namespace OpposingSignals.Datasets;

/// <summary>The sets that share MNIST's form.</summary>
public enum MnistKind
{
    /// <summary>MNIST: handwritten digits (LeCun, Cortes, Burges).</summary>
    Digits,

    /// <summary>Fashion-MNIST: pieces of clothing (Xiao, Rasul, Vollgraf 2017).</summary>
    Fashion,
}
