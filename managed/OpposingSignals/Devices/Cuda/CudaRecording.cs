namespace OpposingSignals.Devices.Cuda;

/// <summary>Work on a CUDA device that is captured at its second run and launched as a graph from then on.</summary>
/// <remarks>
/// The first run loads modules and lets the scratch memory grow, neither of which can be captured. Scratch memory that
/// has moved since makes the graph void: the work is captured anew.
/// </remarks>
internal sealed class CudaRecording(CudaDevice device) : Recording
{
    private CudaGraph? _graph;
    private long _scratchGeneration;
    private bool _ranBefore;

    /// <inheritdoc/>
    public override void Run(Action work)
    {
        if (_graph is not null && _scratchGeneration != device.ScratchGeneration)
        {
            _graph.Dispose();
            _graph = null;
        }

        if (_graph is null && _ranBefore && Refusal is null)
        {
            Capture(work);
        }

        if (_graph is null)
        {
            work();
            _ranBefore = true;
        }
        else
        {
            device.Launch(_graph);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _graph?.Dispose();
        _graph = null;
    }

    private void Capture(Action work)
    {
        try
        {
            _graph = device.Capture(work);
            _scratchGeneration = device.ScratchGeneration;
        }
        catch (CaptureRefusedException e)
        {
            Refusal = e.Message;
        }
    }
}
