using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/products.cu</c>.</summary>
internal static unsafe class ProductLaunchers
{
    private static readonly TilePlan.Kernels ProductKernels = new("products", "product");
    private static readonly CudaKernel FinishKernel = new("products", "product_finish");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Products.ProductArguments>("product", Product);
        table.Add<PackedMatrix.SizeArguments>("packed_size", PackedSize);
    }

    private static void Product(CudaLaunch launch, in Products.ProductArguments p)
    {
        launch.Require(p.Terms is >= 1 and <= 2, "a product has one or two terms");
        ActivationLaunchers.RequireFollowing(
            launch, p.Then, p.Accumulate != 0, p.Vectors, p.Rows * p.Columns, p.CVectorStride);
        Products.ProductArguments a = Stacked(p);
        if (a.Vectors * a.Rows * a.Columns == 0)
        {
            return;
        }

        ProductCore core = launch.CoreFor(a.Precision, InWholeWords(a));
        var plan = new TilePlan(core, a.Rows, a.Columns, a.Depth, a.Vectors, cutsDepth: true);
        long elements = a.Vectors * a.Rows * a.Columns;
        nint partial = plan.Shares > 1 ? launch.Scratch(plan.Shares * elements * a.Precision.Size()) : 0;
        launch.Run(ProductKernels.For(core, plan), a.Precision, plan.Grid, a, plan.For(partial));
        if (plan.Shares > 1)
        {
            launch.Run(FinishKernel, a.Precision, CudaGrid.Over(elements), a, partial, plan.Shares);
        }
    }

    // The depth is contiguous in rows of op(A) unless A is transposed, and in columns of op(B) where B is.
    private static bool InWholeWords(in Products.ProductArguments a)
    {
        bool whole = true;
        for (int t = 0; t < a.Terms; t++)
        {
            whole &= Are(a.A[t], a.A[t].Transposed == 0 ? a.Depth : a.Rows)
                && Are(a.B[t], a.B[t].Transposed == 0 ? a.Columns : a.Depth);
        }

        return whole;

        static bool Are(in Products.NativeOperand operand, long run) =>
            ProductCore.WholeWords(operand.Data, operand.Leading, operand.VectorStride, run);
    }

    // Nothing is packed: tiles are brought into order on their way to shared memory.
    private static void PackedSize(CudaLaunch launch, in PackedMatrix.SizeArguments a) =>
        *a.ByRowsBytes = *a.ByColumnsBytes = 0;

    /// <summary>
    /// Vectors whose rows of op(A) and C follow each other and share B and the bias are one taller product.
    /// </summary>
    internal static Products.ProductArguments Stacked(in Products.ProductArguments p)
    {
        bool stacks = p.Vectors > 1 && p.CVectorStride == p.Rows * p.CLeading
            && (p.Bias == 0 || p.BiasVectorStride == 0);
        for (int t = 0; t < p.Terms; t++)
        {
            stacks &= p.A[t].Transposed == 0
                && p.A[t].VectorStride == p.Rows * p.A[t].Leading && p.B[t].VectorStride == 0;
        }

        Products.ProductArguments a = p;
        if (stacks)
        {
            (a.Rows, a.Vectors) = (p.Rows * p.Vectors, 1);
        }

        return a;
    }
}
