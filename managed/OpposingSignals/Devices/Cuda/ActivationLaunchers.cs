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
        table.Add<Activation.Arguments>("activation_tangent", (launch, in a) => Run(launch, FirstOrderKernel, a));
        table.Add<Activation.Arguments>("activation_backward", (launch, in a) => Run(launch, FirstOrderKernel, a));
        table.Add<Activation.Arguments>("activation_tangent_backward", TangentBackward);
        table.Add<Activation.Arguments>("activation_second_order", (launch, in a) => Run(launch, SecondOrderKernel, a));
    }

    // Where φ'' is zero everywhere, or x has no tangent, the second term is left out.
    private static void TangentBackward(CudaLaunch launch, in Activation.Arguments a) =>
        Run(launch, a.Second == 0
            || Activation.IsPiecewiseLinear(a.Kind) ? FirstOrderKernel : TangentBackwardKernel, a);

    private static void Run(CudaLaunch launch, CudaKernel kernel, in Activation.Arguments a)
    {
        launch.Require(Enum.IsDefined(a.Kind), $"unknown activation {(int)a.Kind}");
        if (a.Count > 0)
        {
            launch.Run(kernel, a.Precision, CudaGrid.Over(a.Count), a);
        }
    }
}
