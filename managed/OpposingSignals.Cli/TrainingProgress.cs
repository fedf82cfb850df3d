using System.Diagnostics;
using System.Globalization;
using OpposingSignals.Curvature;
using OpposingSignals.Runs;
using OpposingSignals.Training;
using Spectre.Console;

namespace OpposingSignals.Cli;

/// <summary>
/// Progress on standard error: one line that is redrawn on a terminal, plain lines every few seconds otherwise.
/// </summary>
internal sealed class TrainingProgress : IDisposable
{
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    private readonly IAnsiConsole _console = AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly Stopwatch _total = Stopwatch.StartNew();
    private readonly Stopwatch _sinceShown = Stopwatch.StartNew();
    private readonly long _first;
    private readonly long _steps;
    private readonly Optimizers.Optimizer _optimizer;
    private readonly bool _watch;
    private double? _curvature;
    private StepRecord? _last;

    public TrainingProgress(long first, RunConfiguration configuration, bool watch)
    {
        _watch = watch;
        _first = first;
        _steps = configuration.Training.Steps;
        _optimizer = configuration.CreateOptimizer();
    }

    public void Show(StepRecord record)
    {
        _last = record;
        RitzPair? top = record.Eigenpairs is [RitzPair first, ..] ? first : null;
        _curvature = (_optimizer.IsPreconditioned ? record.Preconditioned : top)?.Value ?? _curvature;
        if (_sinceShown.Elapsed < (_terminal ? RedrawInterval : LineInterval) && record.Step != _first)
        {
            return;
        }

        _sinceShown.Restart();
        Write();
    }

    public void Dispose()
    {
        if (_last is not null)
        {
            Write();
        }

        if (_terminal)
        {
            _console.WriteLine();
        }
    }

    private void Write()
    {
        double rate = (_last!.Step - _first) / Math.Max(_total.Elapsed.TotalSeconds, 1e-9);
        string threshold = _optimizer.StabilityThreshold is { } bound ? $" of {Figures.Curvature(bound)}" : "";
        string curvature = _curvature is { } value
            ? $"  {_optimizer.BoundedCurvature} {Figures.Curvature(value)}{threshold}"
            : "";
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"step {_last.Step}/{_steps}  loss {_last.Loss:G4}  accuracy {_last.Accuracy:P1}{curvature}  {rate:F1} steps/s{Leading()}");
        if (!_terminal)
        {
            Console.Error.WriteLine(line);
            return;
        }

        const int BarWidth = 24;
        int filled = _steps > 0 ? (int)(BarWidth * Math.Min(_last.Step, _steps) / _steps) : BarWidth;
        string bar = new string('━', filled) + new string('─', BarWidth - filled);
        string fitted = line.Length + BarWidth + 2 <= _console.Profile.Width ? $"{bar}  {line}" : line;
        _console.Cursor.Show(false);
        _console.Write("\r\u001b[2K");
        _console.Write(
            fitted.Length < _console.Profile.Width ? fitted : fitted[..Math.Max(0, _console.Profile.Width - 1)]);
        _console.Cursor.Show(true);
    }

    private string Leading() => !_watch ? "" : _last!.Leading is not { } leading
        ? "  no pair yet"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"  pair {leading.Pair.Name} {leading.Pair.Up.Length}|{leading.Pair.Down.Length} loss {leading.UpLoss:G3}|{leading.DownLoss:G3} opposition {leading.Pair.Opposition:F2}");
}
