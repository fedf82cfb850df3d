using System.Globalization;
using System.Runtime.InteropServices;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Tensors;
using OpposingSignals.Tests.Support;

namespace OpposingSignals.Tests.Curvature;

/// <summary>
/// What a plan says of a gradient's and a product's peak, and how far the resident memory of a process rose in which
/// nothing else was done, in bytes. Beside other tests, memory that they give back would hide what is taken.
/// </summary>
internal sealed partial record PlanMemory(long PlannedGradient, long Gradient, long PlannedProduct, long Product)
{
    /// <summary>Measures with one vector and one micro-batch, in a process of its own.</summary>
    /// <param name="model">A network for pictures of 32 x 32.</param>
    /// <param name="samples">How many pictures.</param>
    public static PlanMemory Of(string model, int samples)
    {
        long[] bytes = [.. CommandLine.Measure(model, samples.ToString(CultureInfo.InvariantCulture))
            .Expect(0).Output.Split(' ').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
        return new PlanMemory(bytes[0], bytes[1], bytes[2], bytes[3]);
    }

    /// <summary>The process of its own.</summary>
    public static void Main(string[] arguments)
    {
        using var device = new CpuDevice(1);
        Network network = ModelCatalog.Build(arguments[0], new FeatureShape(32, 32, 3), 10);

        // A small size first, for what is made once, on first use; it stays far below the peak of the other.
        _ = Measure(device, network, samples: 2);
        PlanMemory measured =
            Measure(device, network, int.Parse(arguments[1], CultureInfo.InvariantCulture));
        Console.Out.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{measured.PlannedGradient} {measured.Gradient} {measured.PlannedProduct} {measured.Product}"));
    }

    private static PlanMemory Measure(Device device, Network network, int samples)
    {
        HostTensor inputs = HostTensor.From<float>(new float[samples * 3072], samples, 3, 32, 32);
        HostTensor targets = HostTensor.From<long>(new long[samples], samples);
        using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
        long before = Settled();
        using var objective = new Objective(
            device, Precision.Float32, network, new CrossEntropy(), inputs, targets,
            new ObjectiveOptions { MicroBatch = samples, VectorsAtOnce = 1 });
        objective.Linearize(parameters, keepPrimal: false);
        long gradient = ResidentMemory.Peak - before;
        using var direction = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        using var product = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
        direction.CopyFrom(parameters);
        objective.Linearize(parameters).Multiply(ProductKind.Hessian, direction, product);
        return new PlanMemory(
            objective.Plan.GradientPeakBytes, gradient, objective.Plan.ProductPeakBytes, ResidentMemory.Peak - before);
    }

    // With nothing left that could be given back later, so that what is taken next is seen to be taken.
    private static long Settled()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        _ = TrimHeap(0);
        return ResidentMemory.Now;
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint pad);
}
