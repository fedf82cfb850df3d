using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>
/// A library of products of matrices: cuBLAS or cuBLASLt, whose handles, names of a status and workspaces are alike.
/// </summary>
internal abstract unsafe class ProductLibrary : KernelLibrary
{
    /// <summary>
    /// Device memory that it may work with. What NVIDIA recommends for Hopper is 32 MiB (cuBLAS, section 2.4.8); twice
    /// that keeps no algorithm out.
    /// </summary>
    public const long WorkspaceBytes = 64L << 20;

    private readonly delegate* unmanaged<nint, byte*> _statusName;
    private readonly LibraryHandle _handle;
    private readonly DeviceBuffer _workspace;

    private protected ProductLibrary(
        string name, CudaDevice device, SharedLibrary library, string create, string destroy, string statusName)
        : base(name, device, library)
    {
        _statusName = (delegate* unmanaged<nint, byte*>)library.Export(statusName);
        var createHandle = (delegate* unmanaged<nint*, int>)library.Export(create);
        nint destroyHandle = library.Export(destroy), handle;
        using CudaContext.Entered entered = device.EnterContext();

        // Programs call an entry point by its name without the suffix (cublas_v2.h).
        Check(createHandle(&handle), create.Replace("_v2", "", StringComparison.Ordinal));
        _handle = new LibraryHandle(handle, destroyHandle);
        try
        {
            _workspace = device.Allocate(WorkspaceBytes);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    public nint Handle => _handle.Value;

    public nint Workspace => _workspace.Address;

    /// <inheritdoc/>
    public override void Dispose()
    {
        using CudaContext.Entered entered = Device.EnterContext();
        _handle.Dispose();
        _workspace.Dispose();
    }

    /// <inheritdoc/>
    internal sealed override bool Prepare<TArguments>(
        string operation, in TArguments arguments, ICollection<ILibraryCall> calls)
    {
        if (arguments is not Products.ProductArguments product)
        {
            return false;
        }

        Prepare(product, calls);
        return true;
    }

    /// <summary>Makes a product ready.</summary>
    private protected abstract void Prepare(Products.ProductArguments product, ICollection<ILibraryCall> calls);

    /// <inheritdoc/>
    private protected override string Described(int status) => Text(_statusName(status));
}
