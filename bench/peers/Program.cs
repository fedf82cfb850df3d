// The worker on our side of bench/peers/run. Reads a command a line and answers each with a line:
//   load MODEL LOSS SAMPLES   ok
//   check                     loss, norm of the gradient, norm of H v
//   time QUANTITY             milliseconds of one evaluation
using System.Globalization;
using OpposingSignals.Devices;
using OpposingSignals.Peers;

using var device = new CpuDevice(int.Parse(args[0], CultureInfo.InvariantCulture));
Console.WriteLine($"ready {device.Description}, .NET {Environment.Version}");
Workload? workload = null;
while (Console.ReadLine() is { } line)
{
    string[] words = line.Split(' ');
    switch (words[0])
    {
        case "load":
            workload?.Dispose();
            workload = new Workload(device, words[1], words[2], int.Parse(words[3], CultureInfo.InvariantCulture));
            Console.WriteLine("ok");
            break;
        case "check":
            Console.WriteLine(string.Join(' ', workload!.Check().Select(Text)));
            break;
        case "time":
            Console.WriteLine(Text(workload!.Time(words[1]).TotalMilliseconds));
            break;
        default:
            throw new ArgumentException($"'{line}' is not a command.");
    }
}

workload?.Dispose();

static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
