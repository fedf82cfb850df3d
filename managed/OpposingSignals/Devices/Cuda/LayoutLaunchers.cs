using OpposingSignals.Curvature;
using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/layout.cu</c>.</summary>
internal static unsafe class LayoutLaunchers
{
    // As in layout.cu.
    private const int BlockRows = 512;
    private const int TransposeTile = 32;
    private const int Columns = 32;

    private static readonly CudaKernel TransposeKernel = new("layout", "transpose_planes");
    private static readonly CudaKernel AddKernel = new("layout", "add");
    private static readonly CudaKernel ColumnSumsKernel = new("layout", "column_sums");
    private static readonly CudaKernel ColumnSumsFinishKernel = new("layout", "column_sums_finish");
    private static readonly CudaKernel SampleDotsKernel = new("layout", "sample_dots");
    private static readonly CudaKernel SampleScaleKernel = new("layout", "sample_scale");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Rearrangement.TransposeArguments>("transpose_planes", Transpose);
        table.Add<Rearrangement.AddArguments>("add", Add);
        table.Add<Products.ColumnSumsArguments>("column_sums", ColumnSums);
        table.Add<SampleDots.Arguments>("sample_dots", AddSampleDots);
        table.Add<SampleProjections.Arguments>("sample_projections", WriteSampleProjections);
    }

    /// <summary>out_j[c] += Σ_r in_j[r, c], also for other launchers.</summary>
    public static void ColumnSums(CudaLaunch launch, in Products.ColumnSumsArguments a)
    {
        if (a.Vectors * a.Rows * a.Columns == 0)
        {
            return;
        }

        long blocks = (a.Rows + BlockRows - 1) / BlockRows;
        nint partial = launch.Scratch(a.Vectors * blocks * a.Columns * a.Precision.Size());
        launch.Run(
            ColumnSumsKernel, a.Precision, new CudaGrid((a.Columns + Columns - 1) / Columns, blocks, a.Vectors), a,
            partial);
        launch.Run(ColumnSumsFinishKernel, a.Precision, CudaGrid.Over(a.Vectors * a.Columns), a, partial);
    }

    private static void Transpose(CudaLaunch launch, in Rearrangement.TransposeArguments a)
    {
        long tiles = a.Count * ((a.Rows + TransposeTile - 1) / TransposeTile) * ((a.Columns + TransposeTile - 1) / TransposeTile);
        if (tiles > 0)
        {
            launch.Run(TransposeKernel, a.Precision, new CudaGrid(Math.Min(tiles, 1 << 20)), a);
        }
    }

    private static void Add(CudaLaunch launch, in Rearrangement.AddArguments a)
    {
        // Results are the sums of one tensor, or of as many as the activation has vectors of.
        ActivationLaunchers.RequireFollowing(launch, a.Then, a.Accumulate != 0, 1, a.Count, a.Count);
        if (a.Count > 0)
        {
            launch.Run(AddKernel, a.Precision, CudaGrid.Over(a.Count), a);
        }
    }

    private static void AddSampleDots(CudaLaunch launch, in SampleDots.Arguments a)
    {
        if (a.Vectors * a.Samples > 0)
        {
            nint sums = launch.Scratch(a.Vectors * a.Samples * sizeof(double));
            launch.Run(SampleDotsKernel, a.Precision, CudaGrid.OverWarps(a.Vectors * a.Samples), a, sums);
            launch.AddTo(a.Output, a.OutputVectorStride, sums, a.Vectors, a.Samples);
        }
    }

    // All projections come before the first of them is written, perhaps over the gradient.
    private static void WriteSampleProjections(CudaLaunch launch, in SampleProjections.Arguments a)
    {
        if (a.Vectors * a.Samples * a.Features == 0)
        {
            return;
        }

        nint sums = launch.Scratch(a.Vectors * a.Samples * sizeof(double));
        var dots = new SampleDots.Arguments
        {
            Precision = a.Precision,
            Scale = a.Scale,
            Vectors = a.Vectors,
            Samples = a.Samples,
            Features = a.Features,
            A = a.Gradient,
            B = a.Tangents,
            BVectorStride = a.Samples * a.Features,
        };
        launch.Run(SampleDotsKernel, a.Precision, CudaGrid.OverWarps(a.Vectors * a.Samples), dots, sums);
        launch.Run(SampleScaleKernel, a.Precision, CudaGrid.Over(a.Samples * a.Features), a, sums);
    }
}
