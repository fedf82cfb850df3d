using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Devices.Cuda;

public sealed class ConvolutionLaunchersTests
{
    [Theory]
    [InlineData("convolution_forward")]
    [InlineData("convolution_backward_data")]
    [InlineData("convolution_backward_weights")]
    public void MorePixelsThanKernelsCountAreRefused(string operation)
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        var arguments = new Convolution.Arguments
        {
            Precision = Precision.Float32,
            Terms = 1,
            Vectors = 1,
            Samples = 1 << 11,
            Height = 1 << 10,
            Width = 1 << 10,
            Channels = 1,
            OutHeight = 1 << 10,
            OutWidth = 1 << 10,
            OutChannels = 1,
            KernelHeight = 1,
            KernelWidth = 1,
            Stride = 1,
            Groups = 1,
        };
        NativeException refusal = Assert.Throws<NativeException>(
            () => device.Run(new Operation<Convolution.Arguments>(operation), arguments));
        Assert.Equal(NativeStatus.InvalidArgument, refusal.Status);
        Assert.Contains("2^31 pixels", refusal.Message, StringComparison.Ordinal);
    }
}
