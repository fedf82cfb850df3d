using System.Diagnostics;
using System.Globalization;
using OpposingSignals;
using OpposingSignals.Curvature;
using OpposingSignals.Devices;
using OpposingSignals.Networks;
using OpposingSignals.Outliers;
using OpposingSignals.Tensors;

// What streaming and online grouping add to a full-batch gradient step of the fully connected network of the
// edge-of-stability code: 5,000 samples, 16 directions measured at every fourth step, a search at every 64th.
const int Samples = 5000, Directions = 16, GroupEvery = 4, Warm = 256, Measured = 256;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;
var random = new Xoshiro256(0);
using var device = new CpuDevice(threads);
Network network = ModelCatalog.Build("mlp:200,200:tanh", new FeatureShape(32, 32, 3), 10);
float[] inputs = [.. Enumerable.Range(0, Samples * 3072).Select(_ => (float)random.NextGaussian())];
long[] labels = [.. Enumerable.Range(0, Samples).Select(i => (long)(i % 10))];
using var objective = new Objective(
    device, Precision.Float32, network, new SquaredError(), HostTensor.From<float>(inputs, Samples, 3, 32, 32),
    HostTensor.From<long>(labels, Samples));
using var parameters = new VectorBlock(device, Precision.Float32, 1, network.ParameterCount);
parameters.CopyFrom(Initialization.Named("pytorch").Create(network, 0));
double gradient = Median(9, () => objective.Linearize(parameters, keepPrimal: false));

using var directions = new VectorBlock(device, Precision.Float32, Directions, network.ParameterCount);
directions.CopyFrom(
    [.. Enumerable.Range(0, Directions * (int)network.ParameterCount).Select(_ => 1e-3 * random.NextGaussian())]);
using var products = new VectorBlock(device, Precision.Float32, Directions, network.ParameterCount);
LinearizationPoint point = objective.Linearize(parameters);
double product = Median(3, () => point.Multiply(ProductKind.Hessian, directions, products));
double derivatives = Median(3, () => point.SampleDerivatives(directions));

var monitor = new GroupMonitor(Samples, Directions);
double[] losses = new double[Samples], slope = new double[Samples * Directions], curvature = new double[Samples * Directions];
double[] scale = [.. losses.Select(_ => Math.Exp(random.NextGaussian()))];
double seconds = 0;
for (int step = 0; step < Warm + Measured; step++)
{
    double sign = step % 2 == 0 ? 1 : -1;
    for (int i = 0; i < Samples; i++)
    {
        losses[i] = 1 + (scale[i] * (0.1 + (0.01 * sign * (i % 2 == 0 ? 1 : -1)))) + (1e-4 * random.NextDouble());
    }

    for (int i = 0; i < slope.Length; i++)
    {
        slope[i] = scale[i % Samples] * (random.NextDouble() - 0.5);
        curvature[i] = scale[i % Samples];
    }

    double[] coordinates = [.. Enumerable.Range(0, Directions).Select(_ => 0.01 * sign)];
    var watch = Stopwatch.StartNew();
    if (step % GroupEvery == 0)
    {
        monitor.ObserveDirections(step, coordinates, slope, curvature);
    }

    monitor.Observe(step, losses);
    seconds += step < Warm ? 0 : watch.Elapsed.TotalSeconds;
}

double monitoring = seconds / Measured;
Console.WriteLine("| part | ms a step | share of a gradient step |\n|---|---:|---:|");
Row("full-batch gradient, 5,000 samples, mlp:200,200:tanh", gradient);
Row("streaming and online grouping", monitoring);
Row($"{Directions} Hessian-vector products, for comparison", product);
Row($"every sample's slope and curvature along {Directions} directions, a fourth", derivatives / GroupEvery);

void Row(string part, double time) => Console.WriteLine($"| {part} | {1e3 * time:F2} | {time / gradient:P1} |");

static double Median(int repeats, Action work)
{
    work();
    return Enumerable.Range(0, repeats).Select(_ =>
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }).Order().ElementAt(repeats / 2);
}
