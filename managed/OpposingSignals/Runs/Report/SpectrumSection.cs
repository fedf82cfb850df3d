using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The top eigenvalues of the Hessian, as a plot and as a table of the last measurement.</summary>
internal static class SpectrumSection
{
    private const int Coloured = 6;

    public static string Render(ReportModel model)
    {
        var html = new StringBuilder("<section>\n<h2>Top eigenvalues</h2>\n");
        EigenvalueSeries[] all = [.. new[] { model.Sharpness }.Concat(model.FurtherEigenvalues)
            .Where(series => series.Values.FiniteCount > 0)];
        if (all.Length == 0)
        {
            return html.Append(Markup.Paragraph("No eigenvalues were measured.")).Append("</section>\n").ToString();
        }

        html.Append(Markup.Paragraph(
            "The largest eigenvalues of the Hessian: the curvatures in the directions in which the loss bends most. A bar shows " +
            "the residual where it is large enough to see; a ring marks a residual above " +
            $"{Numbers.Percent(model.ResidualTolerance)} of the eigenvalue, a value not to be relied on."));
        html.Append(PlotRenderer.Render(new Plot
        {
            Description = "Top eigenvalues of the Hessian over the training steps",
            Panels =
            [
                new PlotPanel
                {
                    Label = "eigenvalue",
                    Lines = [.. all.Take(Coloured).Select((series, i) => CurvatureSection.Eigenvalue(
                        $"eigenvalue {i + 1}", $"e{i + 1}", series, model.ResidualTolerance))],
                    Levels = model.PreconditionedSharpness is null
                        ? ReportFindings.Levels(model, model.ThresholdFormula) : [],
                    Height = 260,
                },
            ],
            MarkedStep = ReportFindings.Edge(model),
            MarkName = ReportFindings.EdgeMark(model),
        }));
        AppendTable(html, model, all);
        return html.Append("</section>\n").ToString();
    }

    private static void AppendTable(StringBuilder html, ReportModel model, EigenvalueSeries[] all)
    {
        html.Append(
            "<table class=\"numbers\">\n<caption>Last measurement</caption>\n<thead><tr><th></th><th>step</th>");
        html.Append("<th>eigenvalue</th><th>over the threshold</th><th>residual</th><th></th></tr></thead>\n<tbody>\n");
        for (int rank = 0; rank < all.Length; rank++)
        {
            EigenvalueSeries series = all[rank];
            int last = series.Values.Values.Length - 1;
            while (!double.IsFinite(series.Values.Values[last]))
            {
                last--;
            }

            double value = series.Values.Values[last];
            double? residual = series.Residuals.IsEmpty ? null : series.Residuals[last];
            html.Append($"<tr><th>{rank + 1}</th><td>{Numbers.Count(series.Values.Steps[last])}</td>");
            html.Append(
                $"<td>{Numbers.Format(value, 4)}</td><td>{Numbers.Format(value / ReportFindings.HessianThreshold(model))}</td>");
            html.Append($"<td>{Numbers.Format(residual, 2)}</td>");
            html.Append(
                $"<td>{(series.IsUnconverged(last, model.ResidualTolerance) ? "not converged" : "")}</td></tr>\n");
        }

        html.Append("</tbody>\n</table>\n");
    }
}
