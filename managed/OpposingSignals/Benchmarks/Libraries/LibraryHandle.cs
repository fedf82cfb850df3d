using System.Runtime.InteropServices;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A handle or descriptor of a library, with the call that destroys it.</summary>
internal sealed unsafe class LibraryHandle : SafeHandle
{
    private readonly delegate* unmanaged<nint, int> _destroy;

    public LibraryHandle(nint value, nint destroy)
        : base(0, ownsHandle: true)
    {
        _destroy = (delegate* unmanaged<nint, int>)destroy;
        SetHandle(value);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>What the library calls it.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _destroy(handle) == 0;
}
