// OpposingSignals.Peers THREADS [DEVICE [ARITHMETIC]]: the worker on our side of bench/peers/run and bench/gpu/run.
// Reads a command a line and answers each with a line: load MODEL LOSS SAMPLES VECTORS CONTEXT VOCABULARY   ok; CONTEXT
// and VOCABULARY are those of language models check                                                loss, norm of the
// gradient, norm of H v time QUANTITY                                        milliseconds of one evaluation
using System.Globalization;
using OpposingSignals.Devices;
using OpposingSignals.Peers;

using Device device = Device.Named(
    args.ElementAtOrDefault(1) ?? "cpu", Number(args[0]),
    ProductArithmeticExtensions.Named(args.ElementAtOrDefault(2) ?? "fp32"));
Console.WriteLine($"ready {device.Description}, .NET {Environment.Version}");
Workload? workload = null;
while (Console.ReadLine() is { } line)
{
    string[] words = line.Split(' ');
    switch (words[0])
    {
        case "load":
            workload?.Dispose();
            workload = new Workload(
                device, words[1], words[2], Number(words[3]), Number(words[4]), Number(words[5]), Number(words[6]));
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

static int Number(string word) => int.Parse(word, CultureInfo.InvariantCulture);

static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
