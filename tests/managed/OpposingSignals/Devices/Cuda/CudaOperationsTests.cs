using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Tests.Devices.Cuda;

public sealed class CudaOperationsTests
{
    // Packing is the processor's own; attention and the projections of samples have no kernels yet.
    private static readonly string[] WithoutKernels =
    [
        "pack", "packed_forward", "packed_gradient", "attention_forward", "attention_tangent", "attention_backward",
        "attention_tangent_backward", "attention_second_order", "sample_projections",
    ];

    [Fact]
    public void EveryOperationOfTheProcessorHasALauncherAndNoOtherHas() =>
        Assert.Equal(
            CpuLibrary.Instance.Operations.Keys.Except(WithoutKernels).Order(StringComparer.Ordinal),
            CudaOperations.Names.Order(StringComparer.Ordinal));
}
