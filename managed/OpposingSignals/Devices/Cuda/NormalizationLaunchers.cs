using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/normalization.cu</c>.</summary>
internal static class NormalizationLaunchers
{
    // As in normalization.cu.
    private const int Channels = 32;
    private const int PartRows = 1024;
    private const int CoefficientsPerChannel = 5;

    private static readonly CudaKernel SumsMean = new("normalization", "normalization_sums_mean");
    private static readonly CudaKernel SumsSquare = new("normalization", "normalization_sums_square");
    private static readonly CudaKernel SumsPair = new("normalization", "normalization_sums_pair");
    private static readonly CudaKernel SumsSecondOrder = new("normalization", "normalization_sums_second_order");
    private static readonly CudaKernel SumsTangentBackward =
        new("normalization", "normalization_sums_tangent_backward");
    private static readonly CudaKernel TotalsKernel =
        new("normalization", "normalization_totals", hasPrecisions: false);
    private static readonly CudaKernel MeanKernel = new("normalization", "normalization_mean", hasPrecisions: false);
    private static readonly CudaKernel ScaleKernel = new("normalization", "normalization_scale", hasPrecisions: false);
    private static readonly CudaKernel TangentCoefficients = new("normalization", "normalization_tangent_coefficients");
    private static readonly CudaKernel BackwardCoefficients =
        new("normalization", "normalization_backward_coefficients");
    private static readonly CudaKernel SecondOrderCoefficients =
        new("normalization", "normalization_second_order_coefficients");
    private static readonly CudaKernel TangentBackwardCoefficients =
        new("normalization", "normalization_tangent_backward_coefficients");

    private static readonly CudaKernel AffineKernel = new("normalization", "normalization_affine");
    private static readonly CudaKernel ApplyKernel = new("normalization", "normalization_apply");
    private static readonly CudaKernel ParametersKernel = new("normalization", "normalization_parameters");

    public static void AddTo(CudaOperations table)
    {
        Add("normalization_forward", Forward, RowNormalizationLaunchers.Forward);
        Add("normalization_tangent", Tangent, RowNormalizationLaunchers.Tangent);
        Add("normalization_backward", Backward, RowNormalizationLaunchers.Backward);
        Add("normalization_tangent_backward", TangentBackward, RowNormalizationLaunchers.TangentBackward);
        Add("normalization_second_order", SecondOrder, RowNormalizationLaunchers.SecondOrder);

        void Add(
            string name, CudaLauncher<FeatureNormalization.Arguments> general,
            CudaLauncher<FeatureNormalization.Arguments> ofRows) =>
            table.Add(
                name,
                (CudaLaunch launch, in FeatureNormalization.Arguments a) =>
                {
                    Check(launch, a);
                    if (RowNormalizationLaunchers.Apply(a))
                    {
                        ofRows(launch, a);
                        ActivationLaunchers.RunFollowing(launch, a.Then);
                    }
                    else
                    {
                        general(launch, a);
                    }
                });
    }

    private static void Forward(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        if (a.FixedStatistics == 0)
        {
            CudaGrid groups = CudaGrid.OverWarps(a.Matrices * a.Groups);
            launch.Run(MeanKernel, a.Precision, groups, a, Totals(launch, SumsMean, 1, a, 1, a.X));
            launch.Run(ScaleKernel, a.Precision, groups, a, Totals(launch, SumsSquare, 1, a, 1, a.X));
        }

        Affine(launch, a, a.Weight, a.Bias);
    }

    private static void Tangent(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        if (a.InputTangent == 0)
        {
            Affine(launch, a, a.WeightTangent, a.BiasTangent);
            return;
        }

        nint totals = Totals(launch, SumsPair, 2, a, a.Vectors, a.InputTangent), coefficients = Coefficients(launch, a);
        launch.Run(TangentCoefficients, a.Precision, Groups(a), a, totals, coefficients);
        launch.Run(ApplyKernel, a.Precision, Patches(a, a.Vectors), a, a.InputTangent, coefficients, 0);
    }

    private static void Backward(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        nint totals = Totals(launch, SumsPair, 2, a, a.Vectors, a.OutputCotangent);
        AddParameters(launch, a, totals, terms: 2, weightTerm: 1, biasTerm: 0);
        if (a.Out != 0)
        {
            nint coefficients = Coefficients(launch, a);
            launch.Run(BackwardCoefficients, a.Precision, Groups(a), a, totals, coefficients);
            launch.Run(ApplyKernel, a.Precision, Patches(a, a.Vectors), a, a.OutputCotangent, coefficients, 0);
        }
    }

    // Where the input has no tangent the weight's cotangent is linear in its own tangent, and nobody wants the input's.
    private static void TangentBackward(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        launch.Require(a.InputTangent != 0 || a.Out == 0, "an input without tangent has no cotangent");
        if (a.InputTangent == 0)
        {
            Backward(launch, a);
            return;
        }

        nint primal = Totals(launch, SumsPair, 2, a, 1, a.Cotangent);
        nint totals = Totals(launch, SumsTangentBackward, 5, a, a.Vectors, a.OutputCotangent);
        nint coefficients = Coefficients(launch, a);
        launch.Run(TangentBackwardCoefficients, a.Precision, Groups(a), a, totals, primal, coefficients);
        AddParameters(launch, a, totals, terms: 5, weightTerm: 4, biasTerm: 3);
        if (a.Out != 0)
        {
            launch.Run(ApplyKernel, a.Precision, Patches(a, a.Vectors), a, a.OutputCotangent, coefficients, 1);
        }
    }

    private static void SecondOrder(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        launch.Require(a.InputTangent != 0, "the input's tangent is missing");
        nint totals = Totals(launch, SumsSecondOrder, 3, a, a.Vectors, a.InputTangent), coefficients = Coefficients(launch, a);
        launch.Run(SecondOrderCoefficients, a.Precision, Groups(a), a, totals, coefficients);
        launch.Run(ApplyKernel, a.Precision, Patches(a, a.Vectors), a, a.InputTangent, coefficients, 0);
    }

    // Sums of `terms` terms per vector, matrix and channel of the tensor at `of`.
    private static nint Totals(
        CudaLaunch launch, CudaKernel kernel, int terms, in FeatureNormalization.Arguments a, long vectors, nint of)
    {
        long parts = Parts(a), items = vectors * a.Matrices, size = terms * a.Channels;
        nint partial = launch.Scratch(items * parts * size * sizeof(double));
        launch.Run(kernel, a.Precision, Patches(a, vectors), a, of, partial);
        if (parts == 1)
        {
            return partial;
        }

        nint totals = launch.Scratch(items * size * sizeof(double));
        launch.Run(TotalsKernel, a.Precision, CudaGrid.Over(items * size), partial, items, parts, size, totals);
        return totals;
    }

    private static void Affine(CudaLaunch launch, in FeatureNormalization.Arguments a, nint weight, nint bias) =>
        launch.Run(AffineKernel, a.Precision, Patches(a, a.Vectors), a, weight, bias);

    /// <summary>
    /// Adds two of the terms of <paramref name="totals"/> [vector, matrix, term, channel], summed over the matrices, to
    /// the parameters' cotangents.
    /// </summary>
    public static void AddParameters(
        CudaLaunch launch, in FeatureNormalization.Arguments a, nint totals, int terms, int weightTerm, int biasTerm)
    {
        if (a.WeightCotangent != 0 || a.BiasCotangent != 0)
        {
            launch.Run(
                ParametersKernel, a.Precision, new CudaGrid((a.Channels + Channels - 1) / Channels, a.Vectors), a,
                totals, terms,
                weightTerm, biasTerm);
        }
    }

    private static nint Coefficients(CudaLaunch launch, in FeatureNormalization.Arguments a) =>
        launch.Scratch(a.Vectors * a.Matrices * CoefficientsPerChannel * a.Channels * a.Precision.Size());

    private static CudaGrid Groups(in FeatureNormalization.Arguments a) =>
        CudaGrid.OverWarps(a.Vectors * a.Matrices * a.Groups);

    // A grid has at most 65535 layers, and a layer norm has a matrix per position: those go to the first axis.
    private static CudaGrid Patches(in FeatureNormalization.Arguments a, long vectors) =>
        new((a.Channels + Channels - 1) / Channels * vectors * a.Matrices, Parts(a));

    private static long Parts(in FeatureNormalization.Arguments a) => (a.Rows + PartRows - 1) / PartRows;

    private static void Check(CudaLaunch launch, in FeatureNormalization.Arguments a)
    {
        launch.Require(a.Matrices >= 1 && a.Rows >= 1 && a.Channels >= 1 && a.Vectors >= 1, "extents must be positive");
        launch.Require(a.Groups >= 1 && a.Channels % a.Groups == 0, "the groups do not divide the channels");
        long count = a.Matrices * a.Rows * a.Channels;
        ActivationLaunchers.RequireFollowing(launch, a.Then, a.Accumulate != 0, a.Vectors, count, count);
    }
}
