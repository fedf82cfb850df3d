using OpposingSignals.Networks;

namespace OpposingSignals.Devices.Cuda;

/// <summary>Launchers of <c>native/cuda/activation.cu</c>.</summary>
internal static class ActivationLaunchers
{
    private static readonly CudaKernel ForwardKernel = new("activation", "activation_forward");
    private static readonly CudaKernel FirstOrderKernel = new("activation", "activation_first_order");
    private static readonly CudaKernel TangentBackwardKernel = new("activation", "activation_tangent_backward");
    private static readonly CudaKernel SecondOrderKernel = new("activation", "activation_second_order");

    public static void AddTo(CudaOperations table)
    {
        table.Add<Activation.Arguments>("activation_forward", (launch, in a) => Run(launch, ForwardKernel, a));
        table.Add<Activation.Arguments>("activation_first_order", (launch, in a) => Run(launch, FirstOrderKernel, a));
        table.Add<Activation.Arguments>(
            "activation_tangent_backward", (launch, in a) => Run(launch, TangentBackwardKernel, a));
        table.Add<Activation.Arguments>("activation_second_order", (launch, in a) => Run(launch, SecondOrderKernel, a));
    }

    /// <summary>The pass that an operation goes on with, for kernels that cannot take it along.</summary>
    public static void RunFollowing(CudaLaunch launch, in Activation.Arguments then)
    {
        if (then.Pass != ActivationPass.None)
        {
            CudaKernel kernel = then.Pass switch
            {
                ActivationPass.Forward => ForwardKernel,
                ActivationPass.FirstOrder => FirstOrderKernel,
                _ => TangentBackwardKernel,
            };
            Run(launch, kernel, then);
        }
    }

    /// <summary>Whether kernels of results [vectors, count] can go on with a pass over them.</summary>
    public static void RequireFollowing(
        CudaLaunch launch, in Activation.Arguments then, bool accumulates, long vectors, long count, long stride)
    {
        if (then.Pass == ActivationPass.None)
        {
            return;
        }

        launch.Require(Enum.IsDefined(then.Pass), $"unknown pass {(int)then.Pass} of an activation");
        RequireKind(launch, then);
        launch.Require(!accumulates, "an operation that adds to what was there goes on with nothing");
        launch.Require(
            vectors * count == then.Vectors * then.Count
            && (vectors == 1 || stride == count),
            "an activation goes on with as many elements as there are, without gaps");
    }

    private static void Run(CudaLaunch launch, CudaKernel kernel, in Activation.Arguments a)
    {
        RequireKind(launch, a);
        if (a.Count > 0)
        {
            launch.Run(kernel, a.Precision, CudaGrid.Over(a.Count), a);
        }
    }

    private static void RequireKind(CudaLaunch launch, in Activation.Arguments a) =>
        launch.Require(Enum.IsDefined(a.Kind), $"unknown activation {(int)a.Kind}");
}
