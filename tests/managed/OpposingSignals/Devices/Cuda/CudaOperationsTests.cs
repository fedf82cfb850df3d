using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;

namespace OpposingSignals.Tests.Devices.Cuda;

public sealed class CudaOperationsTests
{
    // Packing is the processor's own.
    private static readonly string[] WithoutKernels = ["pack", "packed_forward", "packed_gradient"];

    [Fact]
    public void EveryOperationOfTheProcessorHasALauncherAndNoOtherHas() =>
        Assert.Equal(
            CpuLibrary.Instance.Operations.Keys.Except(WithoutKernels).Order(StringComparer.Ordinal),
            CudaOperations.Names.Order(StringComparer.Ordinal));
}
