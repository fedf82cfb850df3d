using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// The terms of a convolution for K vectors by cuDNN, a call for each term and vector. Vectors that share the filter
/// are one larger batch, as they are in our kernels.
/// </summary>
internal sealed unsafe class CudnnConvolution : ILibraryCall
{
    // As many results as any direction has algorithms, with each kind of arithmetic.
    private const int MostAlgorithms = 24;

    // What the search may work with, at most and as a share of what is free: 1 GiB on a GPU of 64 GiB. The algorithm
    // that is chosen gets what it asks for.
    private const long SearchBytes = 1L << 30, SearchShare = 64;

    private readonly Cudnn _library;
    private readonly CudaDevice _device;
    private readonly CudnnDirection _direction;
    private readonly Convolution.Arguments _arguments;
    private readonly Dictionary<(nint Address, bool IsFilter), CudnnTensor> _tensors = [];
    private readonly List<(CudnnTensor First, CudnnTensor Second, CudnnTensor Out, bool Accumulate)> _products = [];
    private readonly List<(CudnnTensor Bias, CudnnTensor Out)> _biases = [];
    private readonly LibraryHandle _convolution;
    private readonly DeviceBuffer? _workspace;
    private readonly CudnnAlgorithm _chosen;

    public CudnnConvolution(
        Cudnn library, CudaDevice device, CudnnDirection direction, in Convolution.Arguments arguments)
    {
        (_library, _device, _direction) = (library, device, direction);
        _arguments = Stacked(arguments);
        using CudaContext.Entered entered = device.EnterContext();
        _convolution = DescribedConvolution();
        try
        {
            for (int j = 0; j < _arguments.Vectors; j++)
            {
                Add(j);
            }

            _chosen = Fastest();
            _workspace = device.Allocate((long)_chosen.WorkspaceBytes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private bool IsBfloat16 => _device.Arithmetic == ProductArithmetic.Bfloat16;

    // Exact arithmetic also where ours splits operands in two: cuDNN has no such thing.
    private bool IsExact => _device.Arithmetic is ProductArithmetic.Float32 or ProductArithmetic.Tf32x3;

    public void Run()
    {
        float one = 1;
        using CudaContext.Entered entered = _device.EnterContext();
        foreach ((CudnnTensor first, CudnnTensor second, CudnnTensor result, bool accumulate) in _products)
        {
            float kept = accumulate ? 1 : 0;
            int status = _library.Calls.Run(_direction)(
                _library.Handle, &one, first.Descriptor, first.Address, second.Descriptor, second.Address,
                _convolution.Value, _chosen.Algorithm, _workspace!.Address, (nuint)_workspace.Bytes,
                &kept, result.Descriptor, result.Address);
            _library.Check(status, $"cudnnConvolution{_direction}");
        }

        foreach ((CudnnTensor bias, CudnnTensor result) in _biases)
        {
            int status = _library.Calls.AddTensor(
                _library.Handle, &one, bias.Descriptor, bias.Address, &one, result.Descriptor, result.Address);
            _library.Check(status, "cudnnAddTensor");
        }
    }

    public void Finish()
    {
        foreach (CudnnTensor result in _products.Select(product => product.Out).Distinct())
        {
            result.Store();
        }
    }

    public void Dispose()
    {
        foreach (CudnnTensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }

        _workspace?.Dispose();
        _convolution.Dispose();
    }

    private static Convolution.Arguments Stacked(in Convolution.Arguments arguments)
    {
        Convolution.Arguments a = arguments;
        long inputs = a.Samples * a.Height * a.Width * a.Channels,
            outputs = a.Samples * a.OutHeight * a.OutWidth * a.OutChannels;
        bool stacks = a.Vectors > 1 && !a.Bias.Exists && a.Output.Stride is var stride
            && ((a.Image[0].Stride, stride) == (inputs, outputs) || (a.Image[0].Stride, stride) == (outputs, inputs));
        for (int t = 0; t < a.Terms; t++)
        {
            stacks &= a.Filter[t].Stride == 0 && a.Image[t].Stride == a.Image[0].Stride;
        }

        if (stacks)
        {
            (a.Samples, a.Vectors) = (a.Samples * a.Vectors, 1);
        }

        return a;
    }

    private LibraryHandle DescribedConvolution()
    {
        CudnnCalls calls = _library.Calls;
        nint descriptor;
        _library.Check(
            ((delegate* unmanaged<nint*, int>)calls.CreateConvolution)(&descriptor),
            "cudnnCreateConvolutionDescriptor");
        var handle = new LibraryHandle(descriptor, calls.DestroyConvolution);
        try
        {
            (int stride, int padding) = (_arguments.Stride, _arguments.Padding);
            _library.Check(
                calls.SetConvolution(
                    descriptor, padding, padding, stride, stride, 1, 1, CudnnCalls.CrossCorrelation,
                    CudnnCalls.Float32),
                "cudnnSetConvolution2dDescriptor");
            int math = IsExact ? CudnnCalls.ExactMath : IsBfloat16 ? CudnnCalls.TensorMath : CudnnCalls.DefaultMath;
            _library.Check(calls.SetMath(descriptor, math), "cudnnSetConvolutionMathType");
            _library.Check(calls.SetGroups(descriptor, _arguments.Groups), "cudnnSetConvolutionGroupCount");
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    // The products of vector j. In the header's words: image is x, or for backward_data ȳ; filter is w, or for
    // backward_weights ȳ.
    private void Add(int j)
    {
        Convolution.Arguments a = _arguments;
        int samples = _library.Fits(a.Samples);
        var input = new CudnnExtents(samples, a.Channels, a.Height, a.Width);
        var output = new CudnnExtents(samples, a.OutChannels, a.OutHeight, a.OutWidth);
        var weights = new CudnnExtents(a.OutChannels, a.Channels / a.Groups, a.KernelHeight, a.KernelWidth);
        CudnnTensor result = Tensor(a.Output, _direction switch
        {
            CudnnDirection.Forward => output,
            CudnnDirection.BackwardData => input,
            _ => weights,
        }, isFilter: _direction == CudnnDirection.BackwardFilter);
        for (int t = 0; t < a.Terms; t++)
        {
            (CudnnTensor first, CudnnTensor second) = _direction switch
            {
                CudnnDirection.Forward => (Tensor(a.Image[t], input, false), Tensor(a.Filter[t], weights, true)),
                CudnnDirection.BackwardData => (Tensor(a.Filter[t], weights, true), Tensor(a.Image[t], output, false)),
                _ => (Tensor(a.Image[t], input, false), Tensor(a.Filter[t], output, false)),
            };
            bool accumulate = t > 0 || a.Accumulate != 0 || _direction == CudnnDirection.BackwardFilter;
            _products.Add((first, second, result, accumulate));
        }

        if (_direction == CudnnDirection.Forward && a.Bias.Exists)
        {
            _biases.Add((Tensor(a.Bias, new CudnnExtents(1, a.OutChannels, 1, 1), isFilter: false), result));
        }

        CudnnTensor Tensor(VectorView view, CudnnExtents extents, bool isFilter)
        {
            nint address = view.Address + (nint)(j * view.Stride * a.Precision.Size());
            if (!_tensors.TryGetValue((address, isFilter), out CudnnTensor? tensor))
            {
                tensor = new CudnnTensor(_library, _device, address, extents, isFilter, IsBfloat16);
                _tensors.Add((address, isFilter), tensor);
            }

            return tensor;
        }
    }

    // All products have the same extents, so that one search is for all.
    private CudnnAlgorithm Fastest()
    {
        (CudnnTensor first, CudnnTensor second, CudnnTensor result, _) = _products[0];
        using DeviceBuffer probe = _device.Allocate(result.Bytes);
        using DeviceBuffer workspace = _device.Allocate(Math.Min(SearchBytes, _device.AvailableMemory / SearchShare));
        CudnnAlgorithm* algorithms = stackalloc CudnnAlgorithm[MostAlgorithms];
        int found;
        int status = _library.Calls.Find(_direction)(
            _library.Handle, first.Descriptor, first.Address, second.Descriptor, second.Address,
            _convolution.Value, result.Descriptor, probe.Address, MostAlgorithms, &found, algorithms,
            workspace.Address, (nuint)workspace.Bytes);
        _library.Check(status, $"cudnnFindConvolution{_direction}AlgorithmEx");
        for (int i = 0; i < found; i++)
        {
            if (algorithms[i].Status == 0)
            {
                // The description's arithmetic is a part of the algorithm, but exact stays exact whatever the search
                // reports.
                _library.Check(
                    IsExact ? 0 : _library.Calls.SetMath(_convolution.Value, algorithms[i].Math),
                    "cudnnSetConvolutionMathType");
                return algorithms[i];
            }
        }

        _library.Check(found > 0 ? algorithms[0].Status : 0, $"cudnnConvolution{_direction} by any algorithm");
        throw new LibraryException($"{_library.Name} has no algorithm for this convolution.");
    }
}
