namespace OpposingSignals.Devices.Cuda;

/// <summary>The CUDA driver refused or failed; the message says at which operation, and what the driver says.</summary>
/// <remarks>
/// Kernels run after the call that starts them has returned, so that a failure can show at a later operation. After a
/// failed kernel the device answers every call with the same error; data on the host is as it was.
/// </remarks>
public sealed class CudaException : NativeException
{
    /// <summary>CUDA_ERROR_OUT_OF_MEMORY.</summary>
    internal const int OutOfMemory = 2;

    /// <summary>CUDA_ERROR_LAUNCH_FAILED.</summary>
    internal const int LaunchFailed = 719;

    internal CudaException(int code, string operation, string driverText)
        : base(
            code == OutOfMemory ? NativeStatus.OutOfMemory : NativeStatus.InternalError,
            $"{operation}: the CUDA driver reports {driverText}")
    {
        (Code, Operation) = (code, operation);
    }

    /// <summary>The driver's error code, a CUresult.</summary>
    public int Code { get; }

    /// <summary>The operation with its launch, or the call, that failed.</summary>
    public string Operation { get; }
}
