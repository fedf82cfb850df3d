namespace OpposingSignals.Datasets;

/// <summary>
/// How 8-bit samples p become inputs. Unless given, means μ and standard deviations σ are those of p / 255 over the
/// full training set; σ divides by the number of values, not by one less.
/// </summary>
public enum NormalizationScheme
{
    /// <summary>p itself.</summary>
    None,

    /// <summary>p / 255.</summary>
    Unit,

    /// <summary>
    /// (p / 255 - μ) / σ with a mean and deviation for each channel of each pixel, as in the code of Cohen et al.,
    /// "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability" (arXiv 2103.00065).
    /// </summary>
    Pixel,

    /// <summary>(p / 255 - μ) / σ with a mean and deviation for each channel.</summary>
    Channel,

    /// <summary>
    /// (p / 255 - μ) / σ with μ = (0.485, 0.456, 0.406) and σ = (0.229, 0.224, 0.225), those of ImageNet, as
    /// torchvision's models and many trained on other pictures expect.
    /// </summary>
    ImageNet,
}
