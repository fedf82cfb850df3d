using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;
using OpposingSignals.SelfTests;

namespace OpposingSignals.Benchmarks.Libraries;

/// <summary>A layer's pass by our kernels and by each library, on the same operands: first compared once, then timed
/// in turns.</summary>
internal sealed class LibraryComparison
{
    // Of a result's begin, and of its end: what is wrong elsewhere alone is not worth gigabytes on their way to the
    // host.
    private const int MostElements = 1 << 22;

    private readonly CudaDevice _device;
    private readonly LayerPass _ours;
    private readonly IReadOnlyList<(KernelLibrary Library, LibraryDevice Device, LayerPass Pass)> _theirs;
    private readonly double _bound;

    public LibraryComparison(LayerOperands operands, LayerPass ours, IReadOnlyList<KernelLibrary> libraries)
    {
        (_device, _ours) = ((CudaDevice)ours.Device, ours);
        var theirs = new List<(KernelLibrary, LibraryDevice, LayerPass)>();
        LayerPass? shared = null;
        foreach (KernelLibrary library in libraries)
        {
            var device = new LibraryDevice(_device, library);

            // One after the other, so that all libraries may write to the same place.
            shared = shared is null ? operands.PassOn(device) : shared with { Device = device };
            theirs.Add((library, device, shared));
        }

        _theirs = theirs;

        // Hardware may cut an operand off where we round it, which doubles the error of a term.
        long terms = operands.LongestSum;
        ProductArithmetic arithmetic = ours.Precision == Precision.Float32
            ? _device.Arithmetic
            : ProductArithmetic.Float32;
        _bound = Deviation.Safety * 3 * Deviation.OfSum(terms, ours.Precision, arithmetic);
    }

    /// <summary>Times a pass.</summary>
    /// <param name="timer">With which.</param>
    /// <param name="work">The pass.</param>
    /// <param name="results">Where it leaves its results.</param>
    public (double Ours, IReadOnlyList<LibraryTiming> Theirs) Time(
        WorkTimer timer, Action<LayerPass> work, Func<LayerPass, IReadOnlyList<(nint Address, long Count)>> results)
    {
        var timings = new List<LibraryTiming>();
        var works = new List<Action> { () => work(_ours) };
        var compared = new List<(string Name, double Difference)>();
        Clear(results(_ours));
        work(_ours);
        try
        {
            foreach ((KernelLibrary library, LibraryDevice device, LayerPass pass) in _theirs)
            {
                try
                {
                    Clear(results(pass));
                    work(pass);
                    if (device.HasAny)
                    {
                        device.RunCalls();
                        device.FinishCalls();
                        compared.Add((library.Name, Difference(results(_ours), results(pass))));
                        works.Add(device.RunCalls);
                    }
                }
                catch (Exception e) when (e is LibraryException or OutOfDeviceMemoryException)
                {
                    timings.Add(new LibraryTiming(library.Name, double.NaN, double.NaN, _bound, e.Message));
                }
            }

            double[] seconds = timer.OfEach([.. works]);
            timings.AddRange(compared.Select(
                (library, i) => new LibraryTiming(library.Name, seconds[i + 1], library.Difference, _bound)));
            return (seconds[0], timings);
        }
        catch (LibraryException e)
        {
            // What worked once and then no more is not worth our own number.
            timings.AddRange(compared.Select(
                library => new LibraryTiming(library.Name, double.NaN, library.Difference, _bound, e.Message)));
            return (timer.Of(works[0]), timings);
        }
        finally
        {
            foreach ((_, LibraryDevice device, _) in _theirs)
            {
                device.Dispose();
            }
        }
    }

    private void Clear(IReadOnlyList<(nint Address, long Count)> results)
    {
        foreach ((nint address, long count) in results)
        {
            _device.Clear(address, count * _ours.Precision.Size());
        }
    }

    // The largest difference relative to the largest element of a tensor, of any tensor; NaN where there is one.
    private double Difference(
        IReadOnlyList<(nint Address, long Count)> ours, IReadOnlyList<(nint Address, long Count)> theirs)
    {
        double worst = 0;
        for (int i = 0; i < ours.Count; i++)
        {
            double largest = 0, difference = 0;
            int count = (int)Math.Min(MostElements, ours[i].Count);
            foreach (long first in (long[])[0, ours[i].Count - count])
            {
                double[] exact = Read(ours[i].Address, first, count), other = Read(theirs[i].Address, first, count);
                for (int n = 0; n < count; n++)
                {
                    double error = Math.Abs(exact[n] - other[n]);
                    largest = Math.Max(largest, Math.Abs(exact[n]));
                    difference = error <= difference ? difference : error;
                }
            }

            double relative = largest > 0 ? difference / largest : difference;
            worst = relative <= worst ? worst : relative;
        }

        return worst;
    }

    private double[] Read(nint address, long first, int count)
    {
        nint from = address + (nint)(first * _ours.Precision.Size());
        if (_ours.Precision == Precision.Float64)
        {
            double[] values = new double[count];
            _device.Download<double>(from, values);
            return values;
        }

        float[] narrow = new float[count];
        _device.Download<float>(from, narrow);
        return Array.ConvertAll(narrow, value => (double)value);
    }
}
