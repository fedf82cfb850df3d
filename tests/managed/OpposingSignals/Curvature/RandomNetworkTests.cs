using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Tests.Support;
using OpposingSignals.Tests.Support.Plain;
using Xunit.Abstractions;

namespace OpposingSignals.Tests.Curvature;

/// <summary>Networks that mix layers in ways the stored cases do not, against the plain evaluation.</summary>
public sealed class RandomNetworkTests(ITestOutputHelper output)
{
    // Two float64 evaluations, summed in different orders.
    private const double Float64Bound = 1e-10;

    private const double Sane = 1e-3;

    public static TheoryData<string, string, Precision, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, Precision, int>();
            foreach (string name in RandomCase.Names)
            {
                bool large = name.StartsWith("threaded", StringComparison.Ordinal);
                for (int seed = 1; seed <= (large ? 1 : 2); seed++)
                {
                    data.Add("cpu", name, Precision.Float32, seed);
                    data.Add("cpu", name, Precision.Float64, seed);
                }

                foreach (string device in TestDevices.Names.Where(device => device != "cpu" && !large))
                {
                    data.Add(device, name, Precision.Float32, 1);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryQuantityIsWithinItsBoundOfThePlainEvaluation(
        string deviceName, string name, Precision precision, int seed)
    {
        RandomCase random = RandomCase.Make(name, (ulong)seed);
        PlainComparison.Run(
            deviceName, precision, random.Network, random.Loss, random.Inputs, random.Targets, random.Parameters,
            random.Vectors,
            [
                new ObjectiveOptions { MicroBatch = random.Samples },
                new ObjectiveOptions { MicroBatch = (random.Samples / 3) + 1, VectorsAtOnce = 2 },
            ],
            (quantity, plain, library) =>
            {
                if (precision == Precision.Float32)
                {
                    Closeness.WithinBounds(quantity, plain, library, Sane, output);
                }
                else
                {
                    Closeness.Relative(quantity, plain, library, Float64Bound);
                }
            });
    }
}
