using System.Diagnostics;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Devices.Cuda;

/// <summary>The driver binding, on the emulated driver: memory, adopted contexts, and what goes wrong.</summary>
public sealed class CudaDeviceTests
{
    [Fact]
    public void MemoryGoesThereAndBack()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using DeviceBuffer first = device.Allocate(4000), second = device.Allocate(4000);
        byte[] bytes = new byte[4000];
        new Random(1).NextBytes(bytes);
        device.Upload(bytes, first.Address);
        device.Copy(first.Address, second.Address, 4000);
        device.Clear(second.Address + 100, 50);
        byte[] back = new byte[4000];
        device.Download(second.Address, back);
        Array.Clear(bytes, 100, 50);
        Assert.Equal(bytes, back);
    }

    [Fact]
    public void WhatIsLongerThanTheStagesGoesThroughThemInTurns()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        byte[] first = new byte[(7 * CudaTransfers.StageBytes / 2) + 3], second = new byte[first.Length];
        new Random(1).NextBytes(first);
        new Random(2).NextBytes(second);
        using DeviceBuffer one = device.Allocate(first.Length), two = device.Allocate(first.Length);
        byte[] changing = [.. first];
        device.Upload(changing, one.Address);
        second.CopyTo(changing, 0);
        device.Upload(changing, two.Address);
        Array.Clear(changing);
        device.Download(one.Address, changing);
        Assert.True(changing.AsSpan().SequenceEqual(first));
        device.Download(two.Address, changing);
        Assert.True(changing.AsSpan().SequenceEqual(second));
    }

    [Fact]
    public void AnUploadDoesNotWaitForTheDevice()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using DeviceBuffer buffer = device.Allocate(8);
        long before = CudaDriver.Emulated.Waits;
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        for (int i = 0; i < bytes.Length; i++)
        {
            device.Upload(bytes.AsSpan(i, 1), buffer.Address + i);
        }

        Assert.Equal(0, CudaDriver.Emulated.Waits - before);
        byte[] back = new byte[8];
        device.Download(buffer.Address, back);
        Assert.Equal(1, CudaDriver.Emulated.Waits - before);
        Assert.Equal(bytes, back);
    }

    [Fact]
    public void TheDevicesClockCountsWorkUntilItIsDone()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using var block = new VectorBlock(device, Precision.Float32, 16, 20_000);
        block.Clear();
        long start = Stopwatch.GetTimestamp();
        double seconds = device.SecondsOf(() => block.InnerProducts(block));
        Assert.InRange(seconds, 1e-9, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    [Fact]
    public void NothingIsLeftWhenEverythingIsReleased()
    {
        using CudaDevice outside = CudaDevice.OpenEmulated();
        long before = outside.AvailableMemory, objects = CudaDriver.Emulated.LiveObjects;
        using (CudaDevice device = CudaDevice.OpenEmulated())
        {
            using var block = new VectorBlock(device, Precision.Float32, 3, 1000);
            block.Clear();
            _ = block.InnerProducts(block);
            _ = device.SecondsOf(() => block.CopyFrom(new float[3000]));
            Assert.True(outside.AvailableMemory < before);
        }

        Assert.Equal(before, outside.AvailableMemory);
        Assert.Equal(objects, CudaDriver.Emulated.LiveObjects);
    }

    [Fact]
    public void AnAllocationThatDoesNotFitSaysWhatIsFree()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        OutOfDeviceMemoryException refusal = Assert.Throws<OutOfDeviceMemoryException>(() => device.Allocate(8L << 30));
        Assert.Contains("8192.0 MiB", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("4096.0 MiB", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.LiveBuffers);
        using DeviceBuffer fits = device.Allocate(1 << 20);
        Assert.Equal(1, device.LiveBuffers);
    }

    [Fact]
    public unsafe void AContextAndStreamMadeElsewhereAreUsedAndLeftAlone()
    {
        CudaDriver driver = CudaDriver.Emulated;
        nint context, stream;
        driver.Check(driver.CtxCreate(&context, 0, 0), "making a context");
        driver.Check(driver.StreamCreate(&stream, 0), "making a stream");
        using (CudaDevice device = CudaDevice.Adopt(driver, context, stream))
        {
            using var block = new VectorBlock(device, Precision.Float64, 1, 3);
            block.CopyFrom([1.0, 2.0, 3.0]);
            Assert.Equal(14, block.InnerProducts(block)[0, 0]);
        }

        driver.Check(driver.StreamSynchronize(stream), "using the stream afterwards");
        driver.Check(driver.StreamDestroy(stream), "releasing the stream");
        driver.Check(driver.CtxDestroy(context), "releasing the context");
    }

    [Fact]
    public void ADeviceThatIsLostFailsEveryCallAndLeavesTheHostAlone()
    {
        long objects = CudaDriver.Emulated.LiveObjects;
        using (CudaDevice device = CudaDevice.OpenEmulated())
        {
            using var block = new VectorBlock(device, Precision.Float64, 1, 3);
            block.CopyFrom([1.0, 2.0, 3.0]);
            double[] host = [7, 7, 7];
            Assert.Equal(14, block.InnerProducts(block)[0, 0]);
            CudaDriver.Emulated.LoseDeviceAfter(launches: 1);
            CudaException failure = Assert.Throws<CudaException>(() => block.InnerProducts(block));
            Assert.Contains("inner_products, kernel inner_products_finish", failure.Message, StringComparison.Ordinal);
            Assert.Contains("CUDA_ERROR_LAUNCH_FAILED", failure.Message, StringComparison.Ordinal);
            CudaException after = Assert.Throws<CudaException>(() => block.CopyTo(host));
            Assert.Contains("download of 24 bytes, after inner_products", after.Message, StringComparison.Ordinal);
            Assert.Equal([7, 7, 7], host);
            Assert.Throws<CudaException>(() => device.SecondsOf(() => { }));
        }

        Assert.Equal(objects, CudaDriver.Emulated.LiveObjects);

        // The fault goes with the context.
        using CudaDevice again = CudaDevice.OpenEmulated();
        using var fresh = new VectorBlock(again, Precision.Float64, 1, 3);
        fresh.CopyFrom([1.0, 2.0, 3.0]);
        Assert.Equal(14, fresh.InnerProducts(fresh)[0, 0]);
    }

    [Fact]
    public void WithoutADriverTheErrorSaysWhatWasTried()
    {
        if (TestDevices.Names.Contains("cuda"))
        {
            return;
        }

        DeviceUnavailableException refusal = Assert.Throws<DeviceUnavailableException>(() => Device.Named("cuda"));
        Assert.Contains("libcuda.so.1", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADeviceThatTheDriverDoesNotSeeIsRefused()
    {
        DeviceUnavailableException refusal =
            Assert.Throws<DeviceUnavailableException>(() => CudaContext.Primary(CudaDriver.Emulated, 3));
        Assert.Contains("no CUDA device 3; the driver sees 1", refusal.Message, StringComparison.Ordinal);
    }
}
