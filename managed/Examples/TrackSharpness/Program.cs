using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Optimizers;
using OpposingSignals.Tensors;

// Your own arrays: 200 points on two noisy rings, and which ring each is on.
var random = new Random(0);
long[] ring = [.. Enumerable.Range(0, 200).Select(i => (long)(i % 2))];
float[] points = [.. ring.SelectMany(r => OnRing(1 + r + (0.2 * random.NextDouble()), random.NextDouble() * Math.Tau))];

using var device = new CpuDevice();
Network network = new NetworkBuilder(FeatureShape.Vector(2)).Linear(32).Activation(ActivationKind.Tanh).Linear(2).Build();
using var objective = new Objective(
    device, Precision.Float32, network, new CrossEntropy(), HostTensor.From<float>(points, 200, 2), HostTensor.From<long>(ring, 200));
using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
parameters.CopyFrom(Initialization.Named("pytorch").Create(network, seed: 0));
using var tracker = new EigenTracker(device, Precision.Float32, network.ParameterCount, new EigenTrackerOptions());
var descent = new GradientDescent(stepSize: 1.0);
for (int step = 0; step <= 1000; step++)
{
    LinearizationPoint point = objective.Linearize(parameters);
    using EigenSolution top = tracker.Solve(new CurvatureOperator(point, ProductKind.Hessian), parameters);
    if (step % 100 == 0)
    {
        Console.WriteLine($"step {step,4}  loss {point.Loss:F4}  sharpness {top.Values[0]:F3} of {descent.StabilityThreshold}  ({top.Products} products)");
    }

    descent.Step(parameters, point.Gradient);
}

static float[] OnRing(double radius, double angle) => [(float)(radius * Math.Cos(angle)), (float)(radius * Math.Sin(angle))];
