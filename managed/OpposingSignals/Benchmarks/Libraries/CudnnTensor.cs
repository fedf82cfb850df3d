using OpposingSignals.Devices;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>The extents of an image [N, C, H, W] or a filter [O, C, KH, KW]; what order they lie in is another
/// matter.</summary>
internal readonly record struct CudnnExtents(int N, int C, int H, int W)
{
    public long Count => (long)N * C * H * W;
}

/// <summary>
/// A float32 tensor of ours as cuDNN takes it. Images are channels-last on both sides; filters are [O, C, KH, KW]
/// here and [O, KH, KW, C] there. Where order or type differ it is a copy.
/// </summary>
internal sealed unsafe class CudnnTensor : IDisposable
{
    private readonly Device _device;
    private readonly nint _ours;
    private readonly CudnnExtents _extents;
    private readonly LibraryHandle _descriptor;
    private readonly DeviceBuffer? _copy;
    private readonly bool _reorders, _isRounded;

    /// <summary>Describes the tensor at <paramref name="address"/>, and copies it where it must.</summary>
    public CudnnTensor(Cudnn library, Device device, nint address, CudnnExtents extents, bool isFilter, bool isBfloat16)
    {
        CudnnCalls calls = library.Calls;
        (_device, _ours, _extents, _isRounded) = (device, address, extents, isBfloat16);
        _reorders = isFilter && extents.H * extents.W > 1 && extents.C > 1;
        (nint create, nint destroy) = isFilter
            ? (calls.CreateFilter, calls.DestroyFilter)
            : (calls.CreateTensor, calls.DestroyTensor);
        nint descriptor;
        library.Check(((delegate* unmanaged<nint*, int>)create)(&descriptor), "cudnnCreate...Descriptor");
        _descriptor = new LibraryHandle(descriptor, destroy);
        try
        {
            int type = isBfloat16 ? CudnnCalls.Bfloat16 : CudnnCalls.Float32;
            (int n, int c, int h, int w) = extents;
            library.Check(
                isFilter
                    ? calls.SetFilter(descriptor, type, CudnnCalls.ChannelsLast, n, c, h, w)
                    : calls.SetTensor(descriptor, CudnnCalls.ChannelsLast, type, n, c, h, w),
                isFilter ? "cudnnSetFilter4dDescriptor" : "cudnnSetTensor4dDescriptor");
            _copy = _reorders || _isRounded ? device.Allocate(extents.Count * ElementSize) : null;
            Load();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public nint Descriptor => _descriptor.Value;

    public nint Address => _copy?.Address ?? _ours;

    /// <summary>Bytes of the tensor as cuDNN has it.</summary>
    public long Bytes => _extents.Count * ElementSize;

    private int ElementSize => _isRounded ? sizeof(ushort) : sizeof(float);

    /// <summary>Copies what cuDNN has written to where our kernels would have.</summary>
    public void Store()
    {
        if (_copy is null)
        {
            return;
        }

        float[] theirs = new float[_extents.Count];
        if (_isRounded)
        {
            ushort[] rounded = new ushort[theirs.Length];
            _device.Download<ushort>(_copy.Address, rounded);
            for (int i = 0; i < theirs.Length; i++)
            {
                theirs[i] = BitConverter.UInt32BitsToSingle((uint)rounded[i] << 16);
            }
        }
        else
        {
            _device.Download<float>(_copy.Address, theirs);
        }

        _device.Upload<float>(_reorders ? Reordered(theirs, toChannelsLast: false) : theirs, _ours);
    }

    public void Dispose()
    {
        _descriptor.Dispose();
        _copy?.Dispose();
    }

    private void Load()
    {
        if (_copy is null)
        {
            return;
        }

        float[] ours = new float[_extents.Count];
        _device.Download<float>(_ours, ours);
        float[] ordered = _reorders ? Reordered(ours, toChannelsLast: true) : ours;
        if (_isRounded)
        {
            _device.Upload<ushort>(Array.ConvertAll(ordered, Rounded), _copy.Address);
        }
        else
        {
            _device.Upload<float>(ordered, _copy.Address);
        }
    }

    private float[] Reordered(float[] from, bool toChannelsLast)
    {
        float[] to = new float[from.Length];
        (int n, int channels, int h, int w) = _extents;
        int window = h * w, filter = channels * window;
        for (int at = 0; at < n * filter; at += filter)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < window; p++)
                {
                    int last = at + (p * channels) + c, first = at + (c * window) + p;
                    to[toChannelsLast ? last : first] = from[toChannelsLast ? first : last];
                }
            }
        }

        return to;
    }

    // To the nearest bf16, ties to even; the operands of a bench are finite.
    private static ushort Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }
}
