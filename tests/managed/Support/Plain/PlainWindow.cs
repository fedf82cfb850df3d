using OpposingSignals.Networks;

namespace OpposingSignals.Tests.Support.Plain;

/// <summary>A pixel of the input seen through one element of a sliding window.</summary>
/// <param name="Output">Output pixel, row-major.</param>
/// <param name="Input">Input pixel, row-major.</param>
/// <param name="KernelRow">Row of the window's element.</param>
/// <param name="KernelColumn">Column of the window's element.</param>
public readonly record struct PlainWindow(int Output, int Input, int KernelRow, int KernelColumn)
{
    /// <summary>Every pair of an output pixel and a window's element that lies inside the image.</summary>
    public static IEnumerable<PlainWindow> Over(
        FeatureShape input, FeatureShape output, (int Height, int Width) kernel, int stride, int padding)
    {
        for (int output1D = 0; output1D < output.Height * output.Width; output1D++)
        {
            int top = ((output1D / output.Width) * stride) - padding;
            int left = ((output1D % output.Width) * stride) - padding;
            for (int element = 0; element < kernel.Height * kernel.Width; element++)
            {
                (int row, int column) = (element / kernel.Width, element % kernel.Width);
                (int h, int w) = (top + row, left + column);
                if (h >= 0 && h < input.Height && w >= 0 && w < input.Width)
                {
                    yield return new PlainWindow(output1D, (h * input.Width) + w, row, column);
                }
            }
        }
    }
}
