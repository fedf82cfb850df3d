using OpposingSignals.Networks;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>A data set as the plain layers take it: one array of numbers per sample.</summary>
public static class PlainData
{
    /// <summary>Images C, H, W as H, W, C, unless the network flattens them at once.</summary>
    public static double[][] Inputs(Network network, double[] values, int samples)
    {
        FeatureShape shape = network.Input;
        int pixels = shape.Height * shape.Width;
        double[][] inputs = new double[samples][];
        for (int n = 0; n < samples; n++)
        {
            double[] image = values.AsSpan(n * shape.Size, shape.Size).ToArray();
            inputs[n] = network.FlattensInput
                ? image
                : [.. Enumerable.Range(0, shape.Size)
                    .Select(i => image[(i % shape.Channels * pixels) + (i / shape.Channels)])];
        }

        return inputs;
    }

    /// <summary>Classes as one-hot vectors, one for every position; numbers as they are.</summary>
    public static double[][] Targets(FeatureShape outputs, HostTensor targets, double[] values)
    {
        if (targets.Type != ElementType.Int64)
        {
            return [.. values.Chunk(outputs.Size)];
        }

        int positions = values.Length / targets.Shape[0];
        int classes = outputs.Size / positions;
        return
        [
            .. values.Chunk(positions).Select(sample =>
            {
                double[] oneHot = new double[outputs.Size];
                for (int t = 0; t < positions; t++)
                {
                    oneHot[(t * classes) + (int)sample[t]] = 1;
                }

                return oneHot;
            }),
        ];
    }
}
