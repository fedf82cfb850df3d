using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OpposingSignals.Devices;

namespace OpposingSignals.SelfTests;

/// <summary>One comparison of a self-test.</summary>
/// <param name="Subject">Layer or network, with its size.</param>
/// <param name="Quantity">Precision, and the pass or what was computed.</param>
/// <param name="Error">Largest difference from the processor's float64, relative to its largest element.</param>
/// <param name="Bound">What is allowed.</param>
/// <param name="Digest">
/// The first 16 hexadecimal digits of SHA-256 of the device's numbers, widened to float64: the same where all bits are.
/// Null where there are no numbers.
/// </param>
/// <param name="NotRun">Why the device has no numbers to compare; null where it has.</param>
public sealed record SelfTestResult(
    string Subject, string Quantity, double Error, double Bound, string? Digest, string? NotRun = null)
{
    private const int DigestLength = 16;

    internal SelfTestResult(
        string subject, string quantity, ReadOnlySpan<double> exact, ReadOnlySpan<double> measured, double bound)
        : this(subject, quantity, Deviation.Between(exact, measured), bound, DigestOf(measured))
    {
    }

    /// <summary>Whether the error is within the bound; NaN is not.</summary>
    public bool Passed => Error <= Bound;

    /// <summary>Whether there are numbers, and they are wrong.</summary>
    public bool Failed => NotRun is null && !Passed;

    private static string DigestOf(ReadOnlySpan<double> numbers) =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(numbers)))[..DigestLength];
}

/// <summary>
/// A device against the processor's float64: every layer's kernels, those of vectors and of optimisers' steps, then
/// losses, gradients, curvature products and eigenvalues of whole networks. Needs no test framework and no file: it
/// runs from a published folder.
/// </summary>
public static class SelfTest
{
    /// <summary>
    /// Compares the device with the processor, in both precisions; a device that multiplies on tensor cores only where
    /// it does so. Results come as they are found.
    /// </summary>
    public static IEnumerable<SelfTestResult> Run(Device device) => Run(device, withEigenvalues: true);

    /// <summary>
    /// The same, or without the networks' eigenvalues: an eigensolver starts what was compared before it again and
    /// again, which takes most of the time of an emulated device.
    /// </summary>
    internal static IEnumerable<SelfTestResult> Run(Device device, bool withEigenvalues)
    {
        ArgumentNullException.ThrowIfNull(device);
        using var processor = new CpuDevice();
        foreach (SelfTestResult result in LayerComparisons.Run(device, processor)
            .Concat(device.Arithmetic == ProductArithmetic.Float32 ? VectorComparisons.Run(device, processor) : [])
            .Concat(NetworkComparisons.Run(device, processor, withEigenvalues)))
        {
            yield return result;
        }
    }

    /// <summary>The precisions in which a device's <see cref="Device.Arithmetic"/> takes part.</summary>
    internal static IReadOnlyList<Precision> Precisions(Device device) =>
        device.Arithmetic == ProductArithmetic.Float32 ? Enum.GetValues<Precision>() : [Precision.Float32];

    /// <summary>What a device computes with, in words.</summary>
    internal static string Numbers(Device device, Precision precision) =>
        device.Arithmetic == ProductArithmetic.Float32 ? precision.ToString()
            : $"{precision} in {device.Arithmetic.Name()}";
}
