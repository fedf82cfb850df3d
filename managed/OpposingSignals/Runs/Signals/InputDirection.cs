using OpposingSignals.Curvature;
using OpposingSignals.Datasets;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Runs.Signals;

/// <summary>
/// How the outputs of a group of samples move when θ moves along a direction v, and the change of their inputs that
/// makes them move more: a mixed product of derivatives along inputs and parameters.
/// </summary>
/// <remarks>
/// <para>
/// With J_i v the tangent of sample i's outputs, u is the first principal axis of the J_i v: the group's output.
/// </para>
/// <para>
/// The input direction is d = (1/n) Σ_i ∇_x ⟨u, J_i v⟩: of all changes that are the same for every sample, d of unit
/// length raises the movement of the group's output fastest. With a shift δ of all inputs as a further parameter
/// (<see cref="Network.ShiftingInputs"/>) it is the δ part of (H − G)(0, v) for half the squared error to the targets f
/// − s u, whose residuals are s u: H has the second derivatives of f contracted with the residual, and JᵀJ besides,
/// which is G.
/// </para>
/// </remarks>
internal static class InputDirection
{
    /// <summary>u of a group, a unit vector [classes]; of a language model over all positions.</summary>
    /// <param name="group">The loss of the group's samples alone.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="direction">v.</param>
    /// <param name="length">Root mean square of |J_i v|.</param>
    public static double[] OutputAxis(Objective group, VectorBlock parameters, VectorBlock direction, out double length)
    {
        int outputs = group.Network.OutputShape.Channels;
        double[] tangents = group.Linearize(parameters).OutputTangents(direction);
        double[,] products = new double[outputs, outputs];
        int rows = tangents.Length / outputs;
        for (int n = 0; n < rows; n++)
        {
            ReadOnlySpan<double> tangent = tangents.AsSpan(n * outputs, outputs);
            for (int a = 0; a < outputs; a++)
            {
                for (int b = 0; b < outputs; b++)
                {
                    products[a, b] += tangent[a] * tangent[b] / rows;
                }
            }
        }

        SymmetricEigen axes = SymmetricEigen.Of(products, outputs);
        length = Math.Sqrt(Enumerable.Range(0, outputs).Sum(c => products[c, c]));
        double[] axis = [.. Enumerable.Range(0, outputs).Select(c => axes.Vectors[c, 0])];
        double largest = axis.MaxBy(Math.Abs);
        return [.. axis.Select(component => largest < 0 ? -component : component)];
    }

    /// <summary>d in PyTorch's order of one input, not normalised.</summary>
    /// <param name="group">The loss of the group's samples alone; its network tells how samples are batched.</param>
    /// <param name="samples">The group's samples.</param>
    /// <param name="parameters">θ.</param>
    /// <param name="direction">v.</param>
    /// <param name="axis">u.</param>
    /// <param name="length">Root mean square of |J_i v|.</param>
    public static double[] Of(
        Objective group, Dataset samples, VectorBlock parameters, VectorBlock direction, double[] axis, double length)
    {
        Network network = group.Network.ShiftingInputs();
        int outputs = network.Outputs, inputs = network.Input.Size;

        // Far from the movement itself, so that the difference of the two products keeps its digits.
        double residual = 100 * Math.Max(length, 1);
        double[] targets = group.Outputs(parameters);
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] -= residual * axis[i % axis.Length];
        }

        using var objective = new Objective(
            group.Device, group.Precision, network, new SquaredError(), samples.Inputs,
            HostTensor.From<double>(targets, samples.Count, outputs),
            new ObjectiveOptions { MicroBatch = group.Plan.MicroBatch,
                BatchNorm = BatchNormMode.Eval, Dropout = false });
        using VectorBlock shifted = Extended(parameters, inputs), along = Extended(direction, inputs);
        using var hessian = new VectorBlock(group.Device, group.Precision, 1, network.ParameterCount);
        using var gaussNewton = new VectorBlock(group.Device, group.Precision, 1, network.ParameterCount);
        LinearizationPoint point = objective.Linearize(shifted);
        point.Multiply(ProductKind.Hessian, along, hessian);
        point.Multiply(ProductKind.GaussNewton, along, gaussNewton);
        hessian.Add(-1, gaussNewton);
        double[] mixed = hessian.ToArray()[..inputs];
        return ToPyTorchOrder(network, [.. mixed.Select(value => value / residual)]);
    }

    private static VectorBlock Extended(VectorBlock vector, int leadingZeros)
    {
        double[] values = new double[leadingZeros + vector.Length];
        vector.CopyTo(values.AsSpan(leadingZeros));
        var extended = new VectorBlock(vector.Device, vector.Precision, 1, values.Length);
        extended.CopyFrom(values);
        return extended;
    }

    private static double[] ToPyTorchOrder(Network network, double[] stored)
    {
        if (network.FlattensInput)
        {
            return stored;
        }

        int channels = network.Input.Channels, positions = network.Input.Positions;
        double[] ordered = new double[stored.Length];
        for (int p = 0; p < positions; p++)
        {
            for (int c = 0; c < channels; c++)
            {
                ordered[(c * positions) + p] = stored[(p * channels) + c];
            }
        }

        return ordered;
    }
}
