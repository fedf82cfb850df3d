using System.Numerics.Tensors;

namespace OpposingSignals.Outliers;

/// <summary>The trajectories of chosen samples over a window, centred.</summary>
internal sealed class TrajectorySet
{
    private readonly double[][] _centred;
    private readonly double[] _norms;

    public TrajectorySet(ChangeWindow window, int[] samples)
    {
        Samples = samples;
        Steps = window.Steps.Length;
        _centred = new double[samples.Length][];
        _norms = new double[samples.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            double[] trajectory = new double[Steps];
            window.CopyTrajectory(samples[i], trajectory);
            TensorPrimitives.Subtract(trajectory, TensorPrimitives.Sum<double>(trajectory) / Steps, trajectory);
            _centred[i] = trajectory;
            _norms[i] = TensorPrimitives.Norm<double>(trajectory);
        }
    }

    /// <summary>Index in the data set of each trajectory's sample.</summary>
    public int[] Samples { get; }

    /// <summary>Steps T of the window.</summary>
    public int Steps { get; }

    /// <summary>A centred trajectory.</summary>
    public ReadOnlySpan<double> Centred(int i) => _centred[i];

    /// <summary>A trajectory scaled to unit length; zero if it is constant.</summary>
    public double[] Unit(int i)
    {
        double[] unit = new double[Steps];
        if (_norms[i] > 0)
        {
            TensorPrimitives.Divide(_centred[i], _norms[i], unit);
        }

        return unit;
    }

    /// <summary>⟨d, u⟩ with a unit direction u.</summary>
    public double Projection(int i, ReadOnlySpan<double> direction) => TensorPrimitives.Dot(_centred[i], direction);

    /// <summary>⟨d, u⟩ / |d|: the correlation with a unit direction of zero mean.</summary>
    public double Correlation(int i, ReadOnlySpan<double> direction) =>
        _norms[i] > 0 ? Projection(i, direction) / _norms[i] : 0;
}
