using OpposingSignals.Curvature;
using OpposingSignals.Devices;

namespace OpposingSignals.Cli;

/// <summary>Turns what can go wrong into one line on standard error and an exit status.</summary>
internal static class Failures
{
    public static int Report(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (InputException e)
        {
            return Line(e.Message, ExitStatus.WrongInput);
        }
        catch (DeviceUnavailableException e)
        {
            // The one message of several lines: it lists every path that was tried.
            return Write(e.Message, ExitStatus.Failed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException
            or OutOfMemoryException or NativeException
            or NotSupportedException or NonFiniteOperatorException)
        {
            return Line(e.Message, ExitStatus.Failed);
        }
    }

    private static int Line(string message, int status) => Write(message.ReplaceLineEndings(" "), status);

    private static int Write(string message, int status)
    {
        try
        {
            Console.Error.WriteLine($"opsig: {message}");
        }
        catch (IOException)
        {
            // Standard error is a file on the full disk that is being reported; the status still says it.
        }

        return status;
    }
}
