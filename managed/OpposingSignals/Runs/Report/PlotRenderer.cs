using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>
/// Draws a plot as SVG, once for a wide and once for a narrow page; the style sheet shows one of them.
/// </summary>
internal static class PlotRenderer
{
    // Values beyond this are drawn as gaps: their differences would overflow.
    private const double Largest = 1e150;

    /// <summary>A figure with legend and drawings; empty if no line has a finite value.</summary>
    public static string Render(Plot plot)
    {
        plot = plot with { Panels = [.. plot.Panels.Select(WithoutEmptyLines).Where(panel => !panel.Lines.IsEmpty)] };
        if (plot.Panels.IsEmpty)
        {
            return "";
        }

        var html = new StringBuilder("<figure class=\"plot\">\n<div class=\"legend\">");
        foreach ((string name, string style) in LegendOf(plot).Distinct())
        {
            html.Append($"<span class=\"key {style}\"><i></i>{Markup.Escape(name)}</span>");
        }

        html.Append("</div>\n");
        html.Append(Draw(plot, new PlotCanvas("wide", Width: 960, Left: 58, Right: 14, Ticks: 9)));
        html.Append(Draw(plot, new PlotCanvas("narrow", Width: 350, Left: 46, Right: 8, Ticks: 4)));
        return html.Append("<p class=\"readout\"></p>\n</figure>\n").ToString();
    }

    private static PlotPanel WithoutEmptyLines(PlotPanel panel) =>
        panel with { Lines = [.. panel.Lines.Where(line => line.Series.Values.Any(IsDrawable))] };

    private static IEnumerable<(string Name, string Style)> LegendOf(Plot plot)
    {
        foreach (PlotPanel panel in plot.Panels)
        {
            foreach (PlotLine line in panel.Lines.Where(_ => panel.NamesLines))
            {
                yield return (line.Name, line.Style);
            }

            foreach (PlotLevel level in panel.Levels)
            {
                yield return (level.Name, "level");
            }
        }

        if (plot.MarkedStep is not null)
        {
            yield return (plot.MarkName, "mark");
        }
    }

    private static string Draw(Plot plot, PlotCanvas canvas)
    {
        const int Head = 32, Gap = 12, Foot = 40;
        int height = plot.Panels.Sum(panel => panel.Height + Head + Gap) - Gap + Foot;
        AxisScale steps = StepScale(plot, canvas);
        var svg = new StringBuilder();
        svg.Append($"<svg class=\"{canvas.Style}\" viewBox=\"0 0 {canvas.Width} {height}\" role=\"img\" ");
        svg.Append($"aria-label=\"{Markup.Escape(plot.Description)}\" data-x=\"{ScaleData(steps)}\">\n");
        int top = Head;
        foreach (PlotPanel panel in plot.Panels)
        {
            DrawPanel(svg, plot, panel, canvas, steps, top);
            top += panel.Height + Head + Gap;
        }

        int bottom = height - Foot;
        foreach (double tick in steps.Ticks(canvas.Ticks, whole: true))
        {
            svg.Append($"<text class=\"tick\" x=\"{Numbers.Pixel(steps.Pixel(tick))}\" y=\"{bottom + 17}\" ");
            svg.Append($"text-anchor=\"middle\">{Numbers.Count((long)tick)}</text>");
        }

        svg.Append($"\n<text class=\"axis\" x=\"{Numbers.Pixel((canvas.Left + canvas.Width - canvas.Right) / 2.0)}\" ");
        svg.Append($"y=\"{bottom + 35}\" text-anchor=\"middle\">training step</text>\n");
        svg.Append($"<line class=\"hair\" y1=\"{Head}\" y2=\"{bottom}\"/>\n</svg>\n");
        return svg.ToString();
    }

    private static void DrawPanel(
        StringBuilder svg, Plot plot, PlotPanel panel, PlotCanvas canvas, AxisScale steps, int top)
    {
        int bottom = top + panel.Height;
        AxisScale scale = ValueScale(panel, bottom, top);
        svg.Append($"<g data-y=\"{ScaleData(scale)}\">\n");
        string label = scale.Logarithmic ? panel.Label + " (log scale)" : panel.Label;
        svg.Append($"<text class=\"axis\" x=\"0\" y=\"{top - 14}\">{Markup.Escape(label)}</text>\n");
        string left = Numbers.Pixel(canvas.Left), right = Numbers.Pixel(canvas.Width - canvas.Right);
        foreach (double tick in scale.Ticks(panel.Height / 32))
        {
            string y = Numbers.Pixel(scale.Pixel(tick));
            svg.Append($"<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>");
            svg.Append($"<text class=\"tick\" x=\"{canvas.Left - 7}\" y=\"{Numbers.Pixel(scale.Pixel(tick) + 4)}\" ");
            svg.Append($"text-anchor=\"end\">{TickText(tick)}</text>\n");
        }

        svg.Append($"<line class=\"frame\" x1=\"{left}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>\n");
        foreach (double tick in steps.Ticks(canvas.Ticks, whole: true))
        {
            string x = Numbers.Pixel(steps.Pixel(tick));
            svg.Append($"<line class=\"frame\" x1=\"{x}\" x2=\"{x}\" y1=\"{bottom}\" y2=\"{bottom + 4}\"/>");
        }

        foreach (PlotLevel level in panel.Levels)
        {
            string y = Numbers.Pixel(scale.Pixel(level.Value));
            svg.Append($"<line class=\"level\" x1=\"{left}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\n");
        }

        if (plot.MarkedStep is { } marked && marked >= steps.Low && marked <= steps.High)
        {
            string x = Numbers.Pixel(steps.Pixel(marked));
            svg.Append($"<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{top}\" y2=\"{bottom}\"/>\n");
        }

        foreach (PlotLine line in panel.Lines)
        {
            DrawLine(svg, line, steps, scale);
        }

        svg.Append("</g>\n");
    }

    private static void DrawLine(StringBuilder svg, PlotLine line, AxisScale steps, AxisScale scale)
    {
        ReportSeries series = line.Series;
        double[] values = [.. series.Values.Select(v => IsDrawable(v) ? v : double.NaN)];
        int[] columns = [.. series.Steps.Select(step => (int)steps.Pixel(step))];
        List<int> kept = Downsampling.Keep(columns, values);
        var path = new StringBuilder();
        var marks = new StringBuilder();
        int previous = -1, ringColumn = int.MinValue;
        for (int k = 0; k < kept.Count; k++)
        {
            int i = kept[k];
            if (double.IsNaN(values[i]))
            {
                previous = -1;
                continue;
            }

            bool joined = previous >= 0 && !(line.EachStep && series.Steps[i] != series.Steps[previous] + 1);
            bool alone = !joined && (k + 1 == kept.Count || double.IsNaN(values[kept[k + 1]]));
            string x = Numbers.Pixel(steps.Pixel(series.Steps[i])), y = Numbers.Pixel(scale.Pixel(values[i]));

            // A line of no length has round ends, so a value without neighbours shows as a dot.
            path.Append(joined ? 'L' : 'M').Append(x).Append(' ').Append(y).Append(alone ? "h0" : "");
            previous = i;
            if (line.EachStep)
            {
                marks.Append($"<circle class=\"dot {line.Style}\" cx=\"{x}\" cy=\"{y}\" r=\"2.6\"/>");
            }
            else if (line.Ringed?.Invoke(i) == true && columns[i] > ringColumn + 3)
            {
                marks.Append($"<circle class=\"ring {line.Style}\" cx=\"{x}\" cy=\"{y}\" r=\"3.4\"/>");
                ringColumn = columns[i];
            }
        }

        DrawWhiskers(svg, line, kept.Where(i => !double.IsNaN(values[i])), steps, scale);
        string name = Markup.Escape(line.FullName ?? line.Name);
        svg.Append($"<path class=\"line {line.Style}\" data-name=\"{name}\" d=\"{path}\"/>\n");
        svg.Append(marks);
    }

    private static void DrawWhiskers(
        StringBuilder svg, PlotLine line, IEnumerable<int> indices, AxisScale steps, AxisScale scale)
    {
        if (line.Whiskers.IsEmpty)
        {
            return;
        }

        var path = new StringBuilder();
        foreach (int i in indices.Where(i => IsDrawable(line.Whiskers[i])))
        {
            double value = line.Series.Values[i], half = line.Whiskers[i];
            double lower = scale.Pixel(Math.Max(scale.Low, value - half));
            double upper = scale.Pixel(Math.Min(scale.High, value + half));
            path.Append(
                $"M{Numbers.Pixel(steps.Pixel(line.Series.Steps[i]))} {Numbers.Pixel(lower)}V{Numbers.Pixel(upper)}");
        }

        svg.Append($"<path class=\"whisker {line.Style}\" d=\"{path}\"/>\n");
    }

    private static AxisScale StepScale(Plot plot, PlotCanvas canvas)
    {
        IEnumerable<ReportSeries> all = plot.Panels.SelectMany(panel => panel.Lines).Select(line => line.Series);
        double low = all.Min(series => series.Steps[0]), high = all.Max(series => series.Steps[^1]);
        return new AxisScale(
            low, high > low ? high : low + 1, canvas.Left, canvas.Width - canvas.Right, logarithmic: false);
    }

    private static AxisScale ValueScale(PlotPanel panel, double bottom, double top)
    {
        double[] values = [.. panel.Lines.SelectMany(line => line.Series.Values).Where(IsDrawable)
            .Concat(panel.Levels.Select(level => level.Value))];
        double low = values.Min(), high = values.Max();
        bool logarithmic = panel.MayBeLogarithmic && low > 0 && high / low > 30;
        if (panel.Range is { } range)
        {
            return new AxisScale(range.Low, range.High, bottom, top, logarithmic: false);
        }

        if (logarithmic)
        {
            return new AxisScale(low / 1.15, high * 1.15, bottom, top, logarithmic: true);
        }

        // Values that differ by roundings alone make a level line, not a mountain range.
        bool level = high - low <= 1e-9 * Math.Max(Math.Abs(low), Math.Abs(high));
        double margin = level ? Math.Max(0.5 * Math.Abs(high), 1e-9) : 0.06 * (high - low);
        double from = low >= 0 && low < 0.5 * high ? 0 : low - margin;
        return new AxisScale(from, high + margin, bottom, top, logarithmic: false);
    }

    private static string TickText(double tick)
    {
        string text = Numbers.Format(tick, digits: 4);
        return text.Contains('.') && !text.Contains('·') ? text.TrimEnd('0').TrimEnd('.') : text;
    }

    private static string ScaleData(AxisScale scale) => string.Join(
        ' ',
        Numbers.Pixel(scale.LowPixel), Numbers.Pixel(scale.HighPixel), Numbers.Exact(scale.Low),
        Numbers.Exact(scale.High),
        scale.Logarithmic ? "log" : "linear");

    private static bool IsDrawable(double value) => Math.Abs(value) < Largest;

    private sealed record PlotCanvas(string Style, int Width, int Left, int Right, int Ticks);
}
