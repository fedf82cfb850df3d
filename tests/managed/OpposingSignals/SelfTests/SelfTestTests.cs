using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.SelfTests;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.SelfTests;

public sealed class SelfTestTests
{
    private const string Exact = "fp32";

    private static readonly string[] Arithmetics =
        [.. Enum.GetValues<ProductArithmetic>().Select(arithmetic => arithmetic.Name())];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string arithmetic in device == "cpu" ? [Exact] : Arithmetics)
                {
                    data.Add(device, arithmetic);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task EveryKernelAndNetworkAgreesWithTheProcessorsFloat64(string name, string arithmetic)
    {
        using Device device = Device.Named(name, threads: 2, ProductArithmeticExtensions.Named(arithmetic));
        using CudaDevice? other = name == "cuda-emulated" ? Other(arithmetic) : null;

        // Side by side, for a self-test of the emulated device keeps one core busy.
        Task<SelfTestResult[]> ofOther = other is null
            ? Task.FromResult<SelfTestResult[]>([])
            : Task.Run(() => EmulatedSchedules.Under("random:7", () => Results(other, withEigenvalues: false)));
        SelfTestResult[] results = Results(device, withEigenvalues: true);
        Assert.True(results.Length > (arithmetic == Exact ? 500 : 150), $"only {results.Length} comparisons");
        Assert.DoesNotContain(
            results.Concat(await ofOther), result => result.Failed || result.NotRun is not null);

        // A bound of a percent would let a wrong kernel pass.
        if (arithmetic == Exact)
        {
            Assert.All(results, result => Assert.True(result.Bound < 1e-2, $"{result}"));

            // A race between the threads of a block shows as differing bits.
            Assert.Empty((await ofOther).Except(results));
        }

        if (device is CudaDevice emulated && other is not null)
        {
            string[] missing =
                [.. Kernels(arithmetic).Except(emulated.StartedKernels).Except(other.StartedKernels)];
            Assert.True(missing.Length == 0, $"the self-test does not start {string.Join(", ", missing)}");
        }
    }

    // What is tested beside a device, under another schedule: the same one, or what tensor cores before Hopper's run.
    private static CudaDevice Other(string arithmetic)
    {
        CudaDevice device = CudaDevice.OpenEmulated(ProductArithmeticExtensions.Named(arithmetic));
        device.MultipliesByWarpgroups = false;
        return device;
    }

    private static SelfTestResult[] Results(Device device, bool withEigenvalues) =>
        [.. SelfTest.Run(device, withEigenvalues)];

    // The kernels of tensor cores bear the name of their arithmetic; all others, those of float64 too, are exact
    // float32's.
    private static IEnumerable<string> Kernels(string arithmetic) =>
        CudaDriver.Emulated.Kernels.Where(kernel => arithmetic == ArithmeticOf(kernel));

    private static string ArithmeticOf(string kernel) => Arithmetics.FirstOrDefault(
        arithmetic => kernel.EndsWith('_' + arithmetic, StringComparison.Ordinal), Exact);
}
