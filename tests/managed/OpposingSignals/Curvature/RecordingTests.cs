using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Devices.Cuda;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;

namespace OpposingSignals.Tests.Curvature;

/// <summary>
/// Gradients, products and steps that a device has recorded, beside the same done operation by operation.
/// </summary>
public sealed class RecordingTests
{
    private const int Samples = 7;

    [Theory]
    [InlineData("cnn:4:relu:maxpool", 3, false)]
    [InlineData("convnet:4,S5,A:tanh", 0, false)]
    [InlineData("vgg11:bn:1", 4, true)]
    public void ReplayedWorkHasTheBitsOfDirectWork(string model, int microBatch, bool isDeep)
    {
        long before = CudaDriver.Emulated.LiveObjects;
        using (CudaDevice device = CudaDevice.OpenEmulated())
        {
            Network network =
                ModelCatalog.Build(model, isDeep ? new FeatureShape(32, 32, 3) : new FeatureShape(6, 6, 2), 3);
            using Objective recorded = Objective(device, network, microBatch);
            using Vectors ours = new(device, network), theirs = new(device, network);
            var optimizer = new GradientDescent(0.05);
            using var steps = new Recordings(device);
            for (int step = 0; step < 3; step++)
            {
                // Made anew at every step, so that its work is at its first run and not recorded.
                using Objective direct = Objective(device, network, microBatch);
                Quantities exact = theirs.Measure(direct), replayed = ours.Measure(recorded);
                Assert.Equal(exact.Losses, replayed.Losses);
                Assert.Equal(exact.Gradient, replayed.Gradient);
                Assert.Equal(exact.Products, replayed.Products);
                optimizer.Step(theirs.Parameters, direct.GradientBlock, theirs.Previous);
                steps.Run(0, () => optimizer.Step(ours.Parameters, recorded.GradientBlock, ours.Previous));
                Assert.Equal(theirs.Parameters.ToArray(), ours.Parameters.ToArray());
                Assert.Equal(theirs.Previous.ToArray(), ours.Previous.ToArray());
                Assert.Empty(recorded.RecordingRefusals);
            }

            // Of the gradient, the products and the step.
            Assert.Equal(3, device.GraphLaunches / 2);
        }

        Assert.Equal(before, CudaDriver.Emulated.LiveObjects);
    }

    [Fact]
    public void ProductsOfAGaussNewtonMatrixAndOfFewerVectorsAreRecordingsOfTheirOwn()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = ModelCatalog.Build("mlp:5:tanh", FeatureShape.Vector(4), 3);
        using Objective objective = Objective(device, network, 0);
        using var vectors = new Vectors(device, network);
        LinearizationPoint point = objective.Linearize(vectors.Parameters);
        var first = new Dictionary<(ProductKind, int), double[]>();
        for (int repeat = 0; repeat < 3; repeat++)
        {
            foreach (ProductKind kind in (ProductKind[])[ProductKind.Hessian, ProductKind.GaussNewton])
            {
                foreach (int count in (int[])[1, 2])
                {
                    point.Multiply(kind, vectors.Directions.Rows(2 - count, count), vectors.Products.Rows(0, count));
                    double[] products = vectors.Products.Rows(0, count).ToArray();
                    Assert.Equal(first.TryAdd((kind, count), products) ? products : first[(kind, count)], products);
                }
            }
        }

        Assert.Equal(8, device.GraphLaunches);
    }

    [Fact]
    public void ScratchMemoryThatMovesMakesARecordingVoid()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = ModelCatalog.Build("mlp:5:tanh", FeatureShape.Vector(4), 3);
        using Objective objective = Objective(device, network, 0);
        using var vectors = new Vectors(device, network);
        double[] first = vectors.Measure(objective).Products;
        _ = vectors.Measure(objective);
        long generation = device.ScratchGeneration;
        const int columns = 300_000;
        using (var wide = new VectorBlock(device, Precision.Float32, 2, columns))
        {
            var pass = new LayerPass
            {
                Device = device, Precision = Precision.Float32, BatchNorm = BatchNormMode.Train, Dropout = false,
            };
            wide.Clear();
            Products.AddColumnSums(
                pass, 1, 1, columns, new VectorView(wide.Address, 0), new VectorView(wide.Rows(1, 1).Address, 0));
        }

        Assert.NotEqual(generation, device.ScratchGeneration);
        Assert.Equal(first, vectors.Measure(objective).Products);
        Assert.Equal(first, vectors.Measure(objective).Products);
        Assert.Empty(objective.RecordingRefusals);
    }

    [Fact]
    public void WhatCannotBeRecordedIsDoneDirectlyAndSaysWhy()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = new NetworkBuilder(FeatureShape.Vector(4)).BatchNorm().Linear(3).Build();
        using Objective objective = Objective(device, network, 0, BatchNormMode.Eval);
        using var vectors = new Vectors(device, network);
        double[] first = vectors.Measure(objective).Gradient;
        Assert.Equal(first, vectors.Measure(objective).Gradient);
        Assert.Equal(first, vectors.Measure(objective).Gradient);
        Assert.Contains("an upload from the host cannot be recorded", objective.RecordingRefusals);
    }

    [Fact]
    public unsafe void TheDefaultStreamOfAnotherLibraryIsNotRecorded()
    {
        CudaDriver driver = CudaDriver.Emulated;
        nint context;
        driver.Check(driver.CtxCreate(&context, 0, 0), "making a context");
        using (CudaDevice device = CudaDevice.Adopt(driver, context, 0))
        {
            Network network = ModelCatalog.Build("mlp:5:tanh", FeatureShape.Vector(4), 3);
            using Objective objective = Objective(device, network, 0);
            using var vectors = new Vectors(device, network);
            double[] first = vectors.Measure(objective).Products;
            Assert.Equal(first, vectors.Measure(objective).Products);
            Assert.Contains("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
                Assert.Single(objective.RecordingRefusals), StringComparison.Ordinal);
        }

        driver.Check(driver.CtxDestroy(context), "releasing the context");
    }

    [Fact]
    public void MemoryReleasedWhileWorkIsCapturedIsFreedOnceAndAfterwards()
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        using var kept = new VectorBlock(device, Precision.Float64, 1, 4);
        var released = new VectorBlock(device, Precision.Float64, 1, 4000);
        long available = device.AvailableMemory;
        using (CudaGraph graph = device.Capture(() =>
        {
            kept.Clear();
            released.Dispose();
        }))
        {
            Assert.Equal(available + 32_000, device.AvailableMemory);
            device.Launch(graph);
            device.Launch(graph);
        }

        Assert.Equal([0, 0, 0, 0], kept.ToArray());
        Assert.Equal(available + 32_000, device.AvailableMemory);
    }

    // For the residuals, which say whether another product is due, and for what that product adds to the projected
    // operator.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AStepOfAnEigensolverWaitsForTheDeviceTwiceWhateverTheBlock(int block)
    {
        using CudaDevice device = CudaDevice.OpenEmulated();
        Network network = ModelCatalog.Build("mlp:5:tanh", FeatureShape.Vector(4), 3);
        using Objective objective = Objective(device, network, 0);
        using var vectors = new Vectors(device, network);
        LinearizationPoint point = objective.Linearize(vectors.Parameters);
        var solver = new BlockLanczos(new LanczosOptions
        {
            // Room for every step: a restart waits once more.
            Count = 2, BlockSize = block, Tolerance = 1e-4, BasisSize = (int)network.ParameterCount,
        });
        solver.Solve(new CurvatureOperator(point, ProductKind.Hessian)).Dispose();
        long before = CudaDriver.Emulated.Waits;
        using EigenSolution solution = solver.Solve(new CurvatureOperator(point, ProductKind.Hessian));
        Assert.True(solution.Converged && solution.BlockSteps > 2);
        Assert.Equal(2 * solution.BlockSteps, CudaDriver.Emulated.Waits - before);
    }

    private static Objective Objective(
        CudaDevice device, Network network, int microBatch, BatchNormMode batchNorm = BatchNormMode.Train)
    {
        var random = new Xoshiro256(3);
        float[] inputs =
            [.. Enumerable.Range(0, Samples * network.Input.Size).Select(_ => (float)random.NextGaussian())];
        long[] targets = [.. Enumerable.Range(0, Samples).Select(_ => (long)random.NextInt32(network.Outputs))];
        FeatureShape shape = network.Input;
        return new Objective(
            device, Precision.Float32, network, Loss.Named("ce:0.1"),
            HostTensor.From<float>(inputs, Samples, shape.Channels, shape.Height, shape.Width),
            HostTensor.From<long>(targets, Samples),
            new ObjectiveOptions { MicroBatch = microBatch, VectorsAtOnce = 2, BatchNorm = batchNorm });
    }

    private sealed record Quantities(double[] Losses, double[] Gradient, double[] Products);

    private sealed class Vectors : IDisposable
    {
        public Vectors(Device device, Network network)
        {
            Parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
            Previous = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
            Directions = new VectorBlock(device, Precision.Float32, 2, network.ParameterCount);
            Products = new VectorBlock(device, Precision.Float32, 2, network.ParameterCount);
            Parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 1));
            Directions.Rows(0, 1).CopyFrom(Initialization.Named("pytorch").Create(network, 2));
            Directions.Rows(1, 1).CopyFrom(Initialization.Named("pytorch").Create(network, 3));
        }

        public VectorBlock Parameters { get; }

        public VectorBlock Previous { get; }

        public VectorBlock Directions { get; }

        public VectorBlock Products { get; }

        public Quantities Measure(Objective objective)
        {
            LinearizationPoint point = objective.Linearize(Parameters);
            point.Multiply(ProductKind.Hessian, Directions, Products);
            return new Quantities([.. point.SampleLosses], point.Gradient.ToArray(), Products.ToArray());
        }

        public void Dispose()
        {
            Parameters.Dispose();
            Previous.Dispose();
            Directions.Dispose();
            Products.Dispose();
        }
    }
}
