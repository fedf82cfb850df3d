namespace OpposingSignals.Devices;

/// <summary>What a native operation returns; the values are those of <c>opsig_status</c>.</summary>
public enum NativeStatus
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>An argument does not fit the operation.</summary>
    InvalidArgument = 1,

    /// <summary>Memory could not be had.</summary>
    OutOfMemory = 2,

    /// <summary>Anything else; the message says what.</summary>
    InternalError = 3,
}

/// <summary>A native operation failed; the message is the library's own and names the operation.</summary>
public class NativeException(NativeStatus status, string message) : Exception(message)
{
    /// <summary>The status that the operation returned.</summary>
    public NativeStatus Status { get; } = status;
}

/// <summary>
/// A device has not enough memory; the message says how much was wanted, how much there is and, where a plan was made,
/// what fits.
/// </summary>
public sealed class OutOfDeviceMemoryException(string message, Exception? inner = null)
    : OutOfMemoryException(message, inner);

/// <summary>A device that was asked for cannot be had; the message lists every path and step tried.</summary>
public sealed class DeviceUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
