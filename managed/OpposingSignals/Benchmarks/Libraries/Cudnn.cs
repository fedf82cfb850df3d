using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// cuDNN: convolutions of channels-last images by the calls that cuDNN 7 had and 8 and 9 still have, each with the
/// algorithm that <c>cudnnFind...AlgorithmEx</c> measures to be the fastest.
/// </summary>
/// <remarks>
/// https://docs.nvidia.com/deeplearning/cudnn/latest/api/cudnn-cnn-library.html. float32 and tf32 read our float32
/// tensors; bf16 has tensors of bf16, half the bytes of ours, since cuDNN rounds float32 to nothing but tf32. Filters
/// are brought into its order before the clock starts, as a network of cuDNN's would keep them.
/// </remarks>
internal sealed unsafe class Cudnn : KernelLibrary
{
    private static readonly Operation<Products.ColumnSumsArguments> ColumnSums = new("column_sums");

    private readonly delegate* unmanaged<int, byte*> _errorString;
    private readonly LibraryHandle _handle;

    private Cudnn(CudaDevice device, SharedLibrary library)
        : base("cuDNN", device, library)
    {
        _errorString = (delegate* unmanaged<int, byte*>)library.Export("cudnnGetErrorString");
        var create = (delegate* unmanaged<nint*, int>)library.Export("cudnnCreate");
        var setStream = (delegate* unmanaged<nint, nint, int>)library.Export("cudnnSetStream");
        Version = (long)((delegate* unmanaged<nuint>)library.Export("cudnnGetVersion"))();
        Calls = new CudnnCalls(library);
        nint destroy = library.Export("cudnnDestroy"), handle;
        using CudaContext.Entered entered = device.EnterContext();
        Check(create(&handle), "cudnnCreate");
        _handle = new LibraryHandle(handle, destroy);
        try
        {
            Check(setStream(handle, device.StreamHandle), "cudnnSetStream");
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Version { get; }

    public CudnnCalls Calls { get; }

    public nint Handle => _handle.Value;

    public static KernelLibrary Open(CudaDevice device, LibrarySearch search) =>
        new Cudnn(device, SharedLibrary.Find("cuDNN", "libcudnn.so", [9, 8], search));

    /// <inheritdoc/>
    public override void Dispose()
    {
        using CudaContext.Entered entered = Device.EnterContext();
        _handle.Dispose();
    }

    /// <inheritdoc/>
    internal override bool Prepare<TArguments>(
        string operation, in TArguments arguments, ICollection<ILibraryCall> calls)
    {
        if (arguments is not Convolution.Arguments { Precision: Precision.Float32 } convolution)
        {
            return false;
        }

        CudnnDirection direction = operation switch
        {
            "convolution_forward" => CudnnDirection.Forward,
            "convolution_backward_data" => CudnnDirection.BackwardData,
            _ => CudnnDirection.BackwardFilter,
        };
        calls.Add(new CudnnConvolution(this, Device, direction, convolution));
        if (direction == CudnnDirection.BackwardFilter && convolution.Bias.Exists)
        {
            calls.Add(new KernelCall<Products.ColumnSumsArguments>(Device, ColumnSums, new Products.ColumnSumsArguments
            {
                Precision = convolution.Precision,
                Vectors = convolution.Vectors,
                Rows = convolution.Samples * convolution.OutHeight * convolution.OutWidth,
                Columns = convolution.OutChannels,
                In = convolution.Filter[0].Address,
                InVectorStride = convolution.Filter[0].Stride,
                Out = convolution.Bias.Address,
                OutVectorStride = convolution.Bias.Stride,
            }));
        }

        return true;
    }

    /// <inheritdoc/>
    private protected override string Described(int status) => Text(_errorString(status));
}
